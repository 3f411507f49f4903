export const nothing = 'to run here';
