package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class SelfTestTest {
  /** Right, and as slow as boxed vectors are. */
  private static final class Boxed implements Gemm {
    private final ScalarGemm inner = new ScalarGemm();

    @Override
    public int tileRows() {
      return inner.tileRows();
    }

    @Override
    public int panelWidth() {
      return inner.panelWidth();
    }

    @Override
    public Gemm narrow() {
      return this;
    }

    @Override
    public void panel(
        float[] a,
        int[] rows,
        int first,
        int count,
        int delta,
        float[] b,
        int bStart,
        int k,
        float[] from,
        int fromStart,
        int fromStride,
        float[] c,
        int cStart,
        int cStride) {
      for (int i = 0; i < 50; i++) {
        inner.panel(
            a,
            rows,
            first,
            count,
            delta,
            b,
            bStart,
            k,
            from,
            fromStart,
            fromStride,
            c,
            cStart,
            cStride);
      }
    }
  }

  @Test
  void namesTheKernelThatIsSlow() {
    VectorWidth.fix(VectorWidth.ofThisProcessor());
    List<String> warnings = SelfTest.run(SelfTest.products(new Boxed()));
    assertTrue(warnings.stream().anyMatch(w -> w.startsWith("cpu: product ")), warnings.toString());
  }

  @Test
  void findsNothingWrongWithWhatIsCompiledWell() {
    VectorWidth.fix(VectorWidth.ofThisProcessor());
    assertEquals(List.of(), SelfTest.run(SelfTest.products(VectorGemm.create())));
    assertEquals(List.of(), SelfTest.run(SelfTest.math(new VectorRowMath())));
  }
}
