import { nearestRegion } from '@sqskit/routing';

console.log(JSON.stringify(nearestRegion({ latitude: 48.85, longitude: 2.35 })));
