/**
 * Gives the event loop a turn now and then, so that a page stays responsive and a server answers.
 */

/** Milliseconds of work between two turns: one frame of a 60 Hz display. */
const INTERVAL = 16;

export class Yielder {
  private last = performance.now();

  /** Resolves at once, or after the event loop had a turn if the last one is long ago. */
  async rest(): Promise<void> {
    if (performance.now() - this.last < INTERVAL) return;
    await macrotask();
    this.last = performance.now();
  }
}

// setTimeout would cost a page 4 ms a turn once nested; setImmediate and MessageChannel do not.
function macrotask(): Promise<void> {
  return new Promise(resolve => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
    } else {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        channel.port1.close();
        resolve();
      };
      channel.port2.postMessage(null);
    }
  });
}
