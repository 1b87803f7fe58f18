// A reader of the broadcast that can be slow in earnest.
//
// A WebSocket is read by the browser as fast as it comes, whatever the page does with the messages.
// A WebSocketStream is read only as far as the page has read: what waits fills the browser's
// buffers, then the kernel's, and then the server feels it.

/** Messages taken between two waits of a slow reader, and the length of a wait in milliseconds. */
const BITE = 32;
const WAIT = 100;

export class Client {
  slow = false;
  /** The number that the server gave to this connection. */
  number = undefined;
  /** Messages that never came, told by the gaps in the sequences. */
  missed = 0;
  #lastOf = new Map();

  static supported() {
    return 'WebSocketStream' in window;
  }

  /** Reads until the server ends the connection. */
  async run(url) {
    if (!Client.supported()) return this.#runEagerly(url);
    const { readable } = await new WebSocketStream(url).opened;
    const reader = readable.getReader();
    for (let taken = 1; ; taken += 1) {
      const { value, done } = await reader.read();
      if (done) return;
      this.#take(value);
      if (this.slow && taken % BITE === 0) await new Promise((wake) => setTimeout(wake, WAIT));
    }
  }

  #runEagerly(url) {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => this.#take(event.data);
    return new Promise((ended) => { socket.onclose = ended; });
  }

  #take(message) {
    if (typeof message === 'string') {
      this.number = JSON.parse(message).number;
      return;
    }
    const bytes = new Uint8Array(message);
    const publisher = bytes[0];
    const sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
    const last = this.#lastOf.get(publisher) ?? sequence - 1;
    this.missed += sequence - last - 1;
    this.#lastOf.set(publisher, sequence);
  }
}
