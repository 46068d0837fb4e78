/** The page around `explain.worker.js`: images to choose from, and the explanation drawn on a canvas. */
import {CLASSES, SIZE} from './data.js';

const part = id => document.getElementById(id);
const worker = new Worker(new URL('explain.worker.js', import.meta.url), {type: 'module'});
worker.postMessage({start: true});

worker.onmessage = async ({data: {images, labels, explained, error}}) => {
  if (error) part('state').textContent = error;
  if (images) {
    labels.forEach((label, place) => part('pictures').append(picture(images, label, place)));
    choose(0);
  }
  if (explained) {
    const {said, sure, isRight, place, svg} = explained;
    await draw(svg);
    const truth = isRight
      ? ''
      : ` It is: ${CLASSES[Number(part('pictures').children[place].dataset.label)]}.`;
    part('state').textContent = `The network says: ${said}, ${(100 * sure).toFixed(0)} % sure.${truth}`;
    part('heatmap').dataset.place = place;
  }
};
worker.onerror = event => (part('state').textContent = event.message);

function choose(place) {
  [...part('pictures').children].forEach((canvas, i) => canvas.setAttribute('aria-pressed', i === place));
  worker.postMessage({explain: place});
}

function picture(images, label, place) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIZE;
  canvas.dataset.label = label;
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'button');
  canvas.setAttribute('aria-label', CLASSES[label]);
  canvas.onclick = () => choose(place);
  canvas.onkeydown = event => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    // The space bar scrolls the page otherwise.
    event.preventDefault();
    choose(place);
  };
  const context = canvas.getContext('2d');
  const shown = context.createImageData(SIZE, SIZE);
  for (let i = 0; i < SIZE * SIZE; i++) {
    const grey = 255 * images[place * SIZE * SIZE + i];
    shown.data.set([grey, grey, grey, 255], 4 * i);
  }
  context.putImageData(shown, 0, 0);
  return canvas;
}

/** The explanation is SVG, which a canvas draws as it draws any image; twice as large, for sharp screens. */
async function draw(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = part('heatmap');
  canvas.width = 2 * image.width;
  canvas.height = 2 * image.height;
  canvas.style.width = `${image.width}px`;
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.hidden = false;
}
