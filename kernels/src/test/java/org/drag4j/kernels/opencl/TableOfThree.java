package org.drag4j.kernels.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Set;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource;

/** A checkpoint of one tensor, {@code table [3, 5]} in F64, its elements 0 to 14. */
final class TableOfThree implements WeightSource {
  @Override
  public String origin() {
    return "test";
  }

  @Override
  public Set<String> names() {
    return Set.of("table");
  }

  @Override
  public Optional<Entry> entry(String name) {
    return name.equals("table")
        ? Optional.of(new Entry(Shape.of(3, 5), DType.F64))
        : Optional.empty();
  }

  @Override
  public MemorySegment bytes(String name, Arena arena) {
    var bytes = arena.allocate(15L * Double.BYTES, Double.BYTES);
    for (int i = 0; i < 15; i++) {
      bytes.setAtIndex(ValueLayout.JAVA_DOUBLE, i, i);
    }
    return bytes;
  }
}
