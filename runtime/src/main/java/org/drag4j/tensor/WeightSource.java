package org.drag4j.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;

/**
 * Named tensors of one network as a checkpoint stores them: PyTorch's layouts (convolutions {@code
 * [O, I, H, W]}), the file's own element types.
 */
public interface WeightSource {
  /** What a checkpoint says of one tensor. */
  record Entry(Shape shape, DType dtype) {
    /** Bytes it takes. */
    public long byteSize() {
      return Math.multiplyExact(shape.size(), dtype.bytes());
    }
  }

  /** Where the tensors come from, as error messages name it: a file or a folder. */
  String origin();

  /** All names, in the checkpoint's order. */
  Set<String> names();

  /** Shape and type of the tensor, or empty when there is none of that name. */
  Optional<Entry> entry(String name);

  /** Whether there is a tensor of that name. */
  default boolean has(String name) {
    return entry(name).isPresent();
  }

  /**
   * The tensor's bytes, little endian, row major, read-only. They stay readable until {@code arena}
   * closes, which gives the memory back: a caller that repacks opens one arena a tensor.
   *
   * @throws WeightMismatchException when there is no tensor of that name
   */
  MemorySegment bytes(String name, Arena arena);

  /**
   * A tensor's bytes, checked.
   *
   * @param bytes as many as shape and type take
   * @param dtype F16, BF16, F32 or F64
   */
  record Checked(MemorySegment bytes, DType dtype) {}

  /**
   * What the checkpoint says of a weight.
   *
   * @throws WeightMismatchException where it is missing, of another shape or not floating point
   */
  default Entry require(Param param) {
    var name = param.name();
    var expected = param.fileShape();
    var entry =
        entry(name)
            .orElseThrow(() ->
                WeightMismatchException.of(
                    this, name, expected.toString(), "no tensor of that name"));
    if (!entry.shape().equals(expected)) {
      throw WeightMismatchException.of(this, name, expected.toString(), entry.shape().toString());
    }
    switch (entry.dtype()) {
      case F16, BF16, F32, F64 -> {}
      case I32, I64, U8 ->
          throw WeightMismatchException.of(
              this, name, "F16, BF16, F32 or F64", entry.dtype().toString());
    }
    return entry;
  }

  /**
   * A weight's bytes as {@link #bytes} gives them, in the checkpoint's order.
   *
   * @throws WeightMismatchException as {@link #require} does, where the bytes are not as many as
   *     they must be, and where an element is not finite
   */
  default Checked checked(Param param, Arena arena) {
    var entry = require(param);
    var bytes = bytes(param.name(), arena);
    long expected = entry.byteSize();
    if (bytes.byteSize() != expected) {
      throw WeightMismatchException.of(
          this, param.name(), expected + " bytes", Long.toString(bytes.byteSize()));
    }
    var wrong = NonFinite.first(bytes, entry.dtype());
    if (wrong.isPresent()) {
      throw new WeightMismatchException(
          origin()
              + ": "
              + param.name()
              + ": expected finite numbers, got NaN or infinity at element "
              + wrong.getAsLong()
              + "; fetch the file again, and if it is the same then, use another checkpoint");
    }
    return new Checked(bytes, entry.dtype());
  }
}
