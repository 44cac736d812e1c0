package org.drag4j.tests.accuracy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;
import org.drag4j.weights.Safetensors;
import org.drag4j.weights.SafetensorsException;
import org.drag4j.weights.SafetensorsWriter;

/** A tensor of a file as doubles; pictures and latents are channels first there. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Numbers(Shape shape, double[] values) {
  /**
   * A tensor of a file.
   *
   * @throws SafetensorsException where there is none, or it is of another type than F32, F64, I32
   */
  static Numbers read(Safetensors file, String name) {
    var entry =
        file.entry(name)
            .orElseThrow(() ->
                new SafetensorsException(
                    "%s: %s: expected a tensor of that name, got none"
                        .formatted(file.origin(), name)));
    try (var arena = Arena.ofConfined()) {
      var bytes = file.bytes(name, arena).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      var x = new double[Math.toIntExact(entry.shape().size())];
      for (int i = 0; i < x.length; i++) {
        x[i] =
            switch (entry.dtype()) {
              case F64 -> bytes.getDouble();
              case F32 -> bytes.getFloat();
              case I32 -> bytes.getInt();
              case F16, BF16, U8, I64 ->
                  throw new SafetensorsException(
                      "%s: %s: expected F32, F64 or I32, got %s"
                          .formatted(file.origin(), name, entry.dtype()));
            };
      }
      return new Numbers(entry.shape(), x);
    }
  }

  /** Writes tensors as F64. */
  static void write(Path file, Map<String, Numbers> tensors, Map<String, String> metadata)
      throws IOException {
    var entries = new LinkedHashMap<String, Entry>();
    tensors.forEach((name, x) -> entries.put(name, new Entry(x.shape, DType.F64)));
    try (var writer = SafetensorsWriter.create(file, entries, metadata)) {
      for (var tensor : tensors.entrySet()) {
        var x = tensor.getValue().values;
        var bytes = ByteBuffer.allocate(x.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(x);
        writer.write(tensor.getKey(), MemorySegment.ofBuffer(bytes));
      }
      writer.finish();
    }
  }

  /** {@code [N, C, H, W]} as {@code [N, H, W, C]}. */
  Numbers channelsLast() {
    var to = Shape.of(shape.dim(0), shape.dim(2), shape.dim(3), shape.dim(1));
    return reordered(to, shape.dim(1), shape.dim(2) * shape.dim(3));
  }

  /** {@code [N, H, W, C]} as {@code [N, C, H, W]}. */
  Numbers channelsFirst() {
    var to = Shape.of(shape.dim(0), shape.dim(3), shape.dim(1), shape.dim(2));
    return reordered(to, shape.dim(1) * shape.dim(2), shape.dim(3));
  }

  private Numbers reordered(Shape to, int rows, int columns) {
    var y = new double[values.length];
    for (int at = 0; at < y.length; at += rows * columns) {
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
          y[at + c * rows + r] = values[at + r * columns + c];
        }
      }
    }
    return new Numbers(to, y);
  }

  /** The values rounded to float. */
  float[] floats() {
    var x = new float[values.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) values[i];
    }
    return x;
  }

  /** Euclidean norm of the difference over that of {@code truth}; infinite for another shape. */
  double relativeL2(Numbers truth) {
    if (!shape.equals(truth.shape)) {
      return Double.POSITIVE_INFINITY;
    }
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < values.length; i++) {
      difference += Math.pow(values[i] - truth.values[i], 2);
      norm += Math.pow(truth.values[i], 2);
    }
    return Math.sqrt(difference / norm);
  }
}
