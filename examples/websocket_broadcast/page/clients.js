// More clients, in a worker so that they do not wait for the page. They read all that comes.

const sockets = [];

onmessage = ({ data: { server, open, close } }) => {
  for (let count = 0; count < open; count += 1) {
    const socket = new WebSocket(`${server}/broadcast`);
    socket.binaryType = 'arraybuffer';
    // The first message tells the number; the others are dropped.
    socket.addEventListener('message', ({ data }) => postMessage(JSON.parse(data).number), { once: true });
    sockets.push(socket);
  }
  if (close) for (const socket of sockets.splice(0)) socket.close();
};
