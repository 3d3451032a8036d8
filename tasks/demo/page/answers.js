"use strict";
// From a network's outputs to answers: the same words and numbers as predictions.json has.

const DESCRIBE = {
  /** The boxes that score at least the threshold, in pixels of the picture. */
  boxes({ ids, names }, { boxes, scores, labels, count }, place, threshold) {
    const nameOf = new Map(ids.map((id, i) => [id, names[i]]));
    const found = [];
    for (let i = 0; i < count.data[0]; i++) {
      const box = placed(boxes.data.subarray(4 * i, 4 * i + 4), place);
      if (scores.data[i] < threshold || box === null) continue;
      found.push({
        category_id: labels.data[i],
        category: nameOf.get(labels.data[i]) ?? String(labels.data[i]),
        score: rounded(scores.data[i], 4),
        xyxy: box.map((edge) => rounded(edge, 1)),
      });
    }
    return { boxes: found };
  },

  /** The most probable classes. */
  classes({ ids, names }, { probabilities }) {
    const classes = ranking(probabilities.data, 5).map((label) => ({
      id: ids[label],
      name: names[label],
      probability: rounded(probabilities.data[label], 4),
    }));
    return { classes };
  },

  /** The probability of each attribute. */
  attributes({ names }, { probabilities }) {
    const pairs = names.map((name, i) => [name, rounded(probabilities.data[i], 4)]);
    return { attributes: Object.fromEntries(pairs) };
  },

  /** The outputs as they are, of a task that the page knows nothing of. */
  values(_, outputs) {
    const plain = ({ data }) => Array.from(data, (value) => rounded(value, 4));
    return Object.fromEntries(
      Object.entries(outputs).map(([name, output]) => [name, folded(plain(output), output.dims)]),
    );
  },

  /** A vector of unit length. */
  embedding(_, { embedding }) {
    return { embedding: Array.from(embedding.data, (value) => rounded(value, 6)) };
  },

  /** The most probable cells, all that are not faded beside the best, and where it was taken. */
  places({ cells, faded }, { position, probabilities }, { taken }) {
    const values = probabilities.data;
    const order = ranking(values);
    const shown = order.filter((i) => values[i] >= values[order[0]] / faded);
    return {
      position: Array.from(position.data, (angle) => rounded(angle, 4)),
      cells: order.slice(0, 5).map((i) => ({
        cell: cells.tokens[i],
        probability: rounded(values[i], 4),
        latitude: cells.centres[i][0],
        longitude: cells.centres[i][1],
        across_km: cells.across_km[i],
      })),
      distribution: Object.fromEntries(
        shown.map((i) => [cells.tokens[i], Number(values[i].toPrecision(3))]),
      ),
      ...(taken && {
        true_position: taken.map((angle) => rounded(angle, 6)),
        distance_km: rounded(greatCircle(taken, position.data), 1),
      }),
    };
  },
};

/** The numbers of the largest values, largest first; equal ones in their order. */
function ranking(values, most = values.length) {
  const order = Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
  return order.slice(0, most);
}

/** The outputs that belong to one answer, under the names that it knows them by. */
function outputsOf(answer, outputs) {
  return Object.fromEntries(
    Object.entries(answer.outputs).map(([name, output]) => [name, outputs[output]]),
  );
}

/**
 * What one of a model's answers says of a picture.
 *
 * @param {object} reply the engine's: the outputs, and the picture's size and extent
 */
function describe(answer, reply, threshold) {
  return DESCRIBE[answer.kind](answer, outputsOf(answer, reply.outputs), reply, threshold);
}

/** A box of the input in pixels of the picture, clipped to it; null for one in the padding. */
function placed([left, top, right, bottom], { size: [height, width], extent: [rows, columns] }) {
  const [across, down] = [width / columns, height / rows];
  const clip = (edge, most) => Math.min(Math.max(edge, 0), most);
  const box = [
    clip(left * across, width),
    clip(top * down, height),
    clip(right * across, width),
    clip(bottom * down, height),
  ];
  return box[2] > box[0] && box[3] > box[1] ? box : null;
}

/** Values [1, ...] as nested lists, of the one row that there is. */
function folded(values, dims) {
  const [, ...inner] = dims;
  if (!inner.length) return values[0];
  let rows = values;
  for (const count of inner.slice(1).reverse()) {
    const grouped = [];
    for (let i = 0; i < rows.length; i += count) grouped.push(rows.slice(i, i + count));
    rows = grouped;
  }
  return rows;
}

function rounded(value, digits) {
  return Number(value.toFixed(digits));
}

/** A position in words, such as 48.9°N 2.4°E. */
function placeName(latitude, longitude) {
  const north = `${Math.abs(latitude).toFixed(1)}°${latitude >= 0 ? "N" : "S"}`;
  return `${north} ${Math.abs(longitude).toFixed(1)}°${longitude >= 0 ? "E" : "W"}`;
}
