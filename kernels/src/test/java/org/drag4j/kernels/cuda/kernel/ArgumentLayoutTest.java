package org.drag4j.kernels.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The records' layout, in Java and as g++ has it; {@link CompileTest} asks nvcc. */
final class ArgumentLayoutTest {
  /** A struct inside another. */
  public record Inner(int a, long b, float c) {}

  /** One of everything. */
  public record Outer(int first, Inner inner, float lastOfAll) {}

  /** What no kernel takes. */
  public record Unfit(int a, short b) {}

  @Test
  void fieldsLieAsInC() {
    var layout = ArgumentLayout.of(Outer.class);
    assertEquals(
        List.of("first", "inner.a", "inner.b", "inner.c", "last_of_all"), layout.paths().toList());
    assertEquals(List.of(0L, 8L, 16L, 24L, 32L), layout.paths().map(layout::offset).toList());
    assertEquals(40, layout.size());
  }

  @Test
  void everythingIsWritten() {
    var layout = ArgumentLayout.of(Outer.class);
    try (var arena = Arena.ofConfined()) {
      var to = arena.allocate(48, 8).fill((byte) 0x55);
      layout.write(new Outer(1, new Inner(2, 3L << 40, 4.5f), -1), to);
      assertEquals(1, to.get(ValueLayout.JAVA_INT, 0));
      assertEquals(0, to.get(ValueLayout.JAVA_INT, 4), "padding");
      assertEquals(2, to.get(ValueLayout.JAVA_INT, 8));
      assertEquals(3L << 40, to.get(ValueLayout.JAVA_LONG, 16));
      assertEquals(4.5f, to.get(ValueLayout.JAVA_FLOAT, 24));
      assertEquals(-1f, to.get(ValueLayout.JAVA_FLOAT, 32));
      assertEquals(0x5555555555555555L, to.get(ValueLayout.JAVA_LONG, 40), "beyond");
    }
  }

  @Test
  void otherTypesAreRefused() {
    var e = assertThrows(IllegalArgumentException.class, () -> ArgumentLayout.of(Unfit.class));
    assertTrue(
        String.valueOf(e.getMessage()).contains("Unfit: expected long, int, float"), e::toString);
  }

  /** Every field of every struct: place, size, and whether it is a float; and the struct's size. */
  @Test
  void compilerAgrees() {
    int seen = 0;
    for (var file : CudaKernels.files()) {
      var shim = Shim.original();
      var layouts = Shim.layouts(file);
      var types = new ArrayList<>(layouts.keySet());
      for (int i = 0; i < types.size(); i++) {
        assertEquals(
            Objects.requireNonNull(layouts.get(types.get(i))).size(),
            shim.structSize(file, i),
            file + " " + types.get(i));
      }
      var fields = Shim.fields(file);
      for (int i = 0; i < fields.size(); i++) {
        int dot = fields.get(i).indexOf('.');
        var layout = Objects.requireNonNull(layouts.get(fields.get(i).substring(0, dot)));
        var path = fields.get(i).substring(dot + 1);
        var value = layout.struct().select(ArgumentLayout.path(path));
        var expected =
            List.of(
                layout.offset(path),
                value.byteSize(),
                value.equals(ValueLayout.JAVA_FLOAT.withName(value.name().orElseThrow()))
                    ? 1L
                    : 0L);
        assertEquals(expected, shim.field(file, i), file + " " + fields.get(i));
        seen++;
      }
    }
    assertTrue(seen > 250, "fields looked at: " + seen);
  }

  @Test
  void everySourceHasKernelsAndEveryKernelItsSource() {
    for (var kernel : CudaKernels.all()) {
      assertTrue(CudaKernels.source(kernel.file()).contains(kernel.name()), kernel::name);
    }
    assertEquals(
        CudaKernels.all().size(),
        CudaKernels.all().stream().map(CudaKernel::name).distinct().count());
  }
}
