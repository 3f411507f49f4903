const report = {
  place: 'Île-de-France — 5 km à l’est de Saint-Étienne 🌍',
  note: 'naïve café, Ærøskøbing, 東京都, Владивосток, ‏שלום‏, 👩🏽‍🚀🇨🇦',
  magnitude: 4.25,
  depthKm: -0.5,
  felt: null,
  tsunami: false,
};

/** What the vectors are made of: both sides of the threshold, accents, emoji, escapes, every type of JSON value. */
export const messages: Readonly<Record<string, unknown>> = {
  'a small object': { id: 1, name: 'Zoë 🙂' },
  'a small text': 'plain',
  nothing: null,
  'a text of 1,024 bytes with its quotes': 'x'.repeat(1_022),
  'a text of 1,025 bytes with its quotes': 'x'.repeat(1_023),
  'accents and emoji, compressed': Array.from({ length: 12 }, (_, index) => ({ index, ...report })),
  'quotes, backslashes and control characters': {
    text: '"\\/\b\f\n\r\t\u0000\u001f\u007f\u2028'.repeat(150),
  },
  'a large array': Array.from({ length: 120 }, (_, index) => ({
    id: `ev${(index * 7_919) % 10_007}`,
    magnitude: (index * 37) % 91,
    place: `${index % 211} km NNW of Añatuya, Argentina`,
  })),
};
