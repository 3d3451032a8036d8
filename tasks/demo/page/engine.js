"use strict";
// Runs in a worker, so that the page stays awake: pictures to inputs, inputs through onnxruntime.

let runtime = null;
const sessions = new Map(); // number of a model -> its session and its description

const TASKS = {
  /** Start the runtime from its script and its WebAssembly. */
  async start({ script, wasm }) {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    runtime = await import(address);
    URL.revokeObjectURL(address);
    runtime.env.logLevel = "error";
    runtime.env.wasm.wasmBinary = wasm;
    runtime.env.wasm.numThreads = 1; // more need a server's headers, and this page has no server
  },

  /** Load a model, and run it once: the first time takes longer, and is no frame's time. */
  async load({ number, description, bytes }) {
    const session = await runtime.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
    sessions.set(number, { session, description });
    await run(number, new Uint8Array(description.size[0] * description.size[1] * 3));
  },

  /** The outputs for a picture, name -> {data, dims}, and the milliseconds that they took. */
  async answer({ number, bitmap }) {
    const { description } = sessions.get(number);
    const started = performance.now();
    const { pixels, extent } = inputOf(pixelsOf(bitmap), description.view, description.size);
    const seen = performance.now();
    const outputs = await run(number, pixels);
    const size = [bitmap.height, bitmap.width];
    bitmap.close();
    const milliseconds = { pixels: seen - started, network: performance.now() - seen };
    const looks = regionOf(description.view, size[1], size[0], description.size);
    return { outputs, extent, size, seen: looks, milliseconds };
  },

  /** The outputs for an input that is already made. */
  async outputs({ number, pixels }) {
    return run(number, pixels);
  },

  /** The input alone. */
  async input({ number, bitmap }) {
    const { description } = sessions.get(number);
    return inputOf(pixelsOf(bitmap), description.view, description.size);
  },
};

async function run(number, pixels) {
  const { session, description } = sessions.get(number);
  const feeds = { image: new runtime.Tensor("uint8", pixels, [1, ...description.size, 3]) };
  const found = await session.run(feeds);
  const outputs = {};
  for (const [name, tensor] of Object.entries(found)) {
    const wide = tensor.data instanceof BigInt64Array;
    outputs[name] = {
      data: wide ? Array.from(tensor.data, Number) : tensor.data,
      dims: tensor.dims,
    };
  }
  return outputs;
}

const TILE = 4096; // pixels across: a canvas that is too large stays black, without an error

/** The pixels of a bitmap, what is transparent on white; read in tiles. */
function pixelsOf(bitmap) {
  const { width, height } = bitmap;
  const [columns, rows] = [Math.min(width, TILE), Math.min(height, TILE)];
  const context = new OffscreenCanvas(columns, rows).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  const data = new Uint8ClampedArray(4 * width * height);
  for (let top = 0; top < height; top += rows) {
    for (let left = 0; left < width; left += columns) {
      const [wide, high] = [Math.min(columns, width - left), Math.min(rows, height - top)];
      context.fillRect(0, 0, wide, high);
      context.drawImage(bitmap, -left, -top);
      const tile = context.getImageData(0, 0, wide, high).data;
      for (let y = 0; y < high; y++) {
        const row = tile.subarray(4 * y * wide, 4 * (y + 1) * wide);
        data.set(row, 4 * ((top + y) * width + left));
      }
    }
  }
  return { data, width, height };
}

self.onmessage = async ({ data: { ticket, task, given } }) => {
  try {
    self.postMessage({ ticket, result: await TASKS[task](given) });
  } catch (error) {
    self.postMessage({ ticket, error: String(error?.message ?? error) });
  }
};
