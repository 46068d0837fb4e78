/** The page around `train.worker.js`: buttons, a bar, numbers, and the curve of the loss. */
const EPOCHS = Number(new URLSearchParams(location.search).get('epochs') ?? 5);
const IMAGES = Number(new URLSearchParams(location.search).get('images') ?? 6000);

const part = id => document.getElementById(id);
const worker = new Worker(new URL('train.worker.js', import.meta.url), {type: 'module'});
let losses = [];
let running = '';

part('start').onclick = () => {
  losses = [];
  show({busy: true, state: 'Loading …'});
  worker.postMessage({start: {epochs: EPOCHS, images: IMAGES}});
};
part('stop').onclick = () => {
  show({busy: true, state: 'Stopping …'});
  worker.postMessage({stop: true});
};

worker.onmessage = ({data: {backend, progress, result, error}}) => {
  if (backend) {
    running = `${backend.name}, ${backend.threads} thread${backend.threads === 1 ? '' : 's'}`;
    show({busy: true, state: `Training on ${running}`});
  }
  if (progress) showProgress(progress);
  if (result) {
    part('test').textContent = percent(result.accuracy);
    const how = result.stopReason === 'completed' ? 'Done' : 'Stopped';
    show({busy: false, state: `${how} after ${result.steps} steps on ${running}`});
  }
  if (error) show({busy: false, state: error});
};
worker.onerror = event => show({busy: false, state: event.message});

function show({busy, state}) {
  part('start').disabled = busy;
  part('stop').disabled = !busy;
  part('state').textContent = state;
}

function showProgress({epoch, epochs, batch, batchesPerEpoch, logs}) {
  const {loss, accuracy} = logs;
  part('epoch').textContent = `${epoch + 1} / ${epochs}`;
  part('loss').textContent = loss.toFixed(3);
  part('accuracy').textContent = percent(accuracy);
  part('progress').value = (epoch + batch / batchesPerEpoch) / epochs;
  losses.push({epoch, at: part('progress').value, loss});
  drawCurve();
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** The mean loss of each epoch so far, over the progress of the whole run: a line for each epoch. */
function drawCurve() {
  const canvas = part('curve');
  const {width, height} = canvas;
  const style = getComputedStyle(document.body);
  const context = canvas.getContext('2d');
  const [left, bottom] = [70, height - 40];
  const top = Math.max(...losses.map(({loss}) => loss), 0.5);
  const x = at => left + at * (width - left - 20);
  const y = loss => bottom - (loss / top) * (bottom - 30);
  context.clearRect(0, 0, width, height);
  context.font = '24px system-ui, sans-serif';
  context.fillStyle = context.strokeStyle = resolved('--soft', style);
  context.lineWidth = 1;
  for (const share of [0, 0.5, 1]) {
    context.globalAlpha = 0.4;
    context.strokeRect(left, y(share * top), width - left - 20, 0);
    context.globalAlpha = 1;
    context.fillText((share * top).toFixed(1), 10, y(share * top) + 8);
  }
  context.fillText('mean loss of the epoch so far', left, 22);
  context.strokeStyle = resolved('--accent', style);
  context.lineWidth = 4;
  context.lineJoin = 'round';
  context.beginPath();
  losses.forEach(({epoch, at, loss}, i) => {
    const isFirst = epoch !== losses[i - 1]?.epoch;
    context[isFirst ? 'moveTo' : 'lineTo'](x(at), y(loss));
  });
  context.stroke();
}

/** A custom property with `light-dark()` worked out: a canvas does not do that. */
function resolved(name, style) {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const {color} = getComputedStyle(probe);
  probe.remove();
  return color || style.color;
}
