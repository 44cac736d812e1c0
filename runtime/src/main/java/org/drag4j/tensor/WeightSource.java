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
  record Entry(Shape shape, DType dtype) {}

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
   * Checks that there is a tensor of this name and shape, in the checkpoint's own layout.
   *
   * @throws WeightMismatchException where it is missing or of another shape
   */
  default void require(String name, Shape expected) {
    var entry =
        entry(name)
            .orElseThrow(() ->
                WeightMismatchException.of(
                    this, name, expected.toString(), "no tensor of that name"));
    if (!entry.shape().equals(expected)) {
      throw WeightMismatchException.of(this, name, expected.toString(), entry.shape().toString());
    }
  }

  /**
   * The tensor's bytes, little endian, row major, read-only. They stay readable until {@code arena}
   * closes, which gives the memory back: a caller that repacks opens one arena a tensor.
   *
   * @throws WeightMismatchException when there is no tensor of that name
   */
  MemorySegment bytes(String name, Arena arena);
}
