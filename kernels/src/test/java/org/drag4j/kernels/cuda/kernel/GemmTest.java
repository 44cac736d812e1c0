package org.drag4j.kernels.cuda.kernel;

import static org.drag4j.kernels.cuda.kernel.CudaKernels.GEMM_NN_F16_64;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.GEMM_NN_F16_ANY;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.GEMM_NN_F32;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.GEMM_NT_F16_128;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.GEMM_NT_F16_64;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.GEMM_NT_F16_ANY;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.GEMM_NT_F16_F32_64;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.GEMM_NT_F16_F32_ANY;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.GEMM_NT_F32;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.drag4j.graph.Op;
import org.drag4j.kernels.cuda.kernel.Buffer.Format;
import org.drag4j.reference.Meaning;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Matrix products against double precision. */
final class GemmTest {
  /**
   * @param shift how many numbers off a multiple of 16 bytes everything is
   */
  record Sizes(int m, int n, int k, int batches, int splits, String then, int shift) {}

  private static final double ALPHA = 0.75;
  private static final int STEP = 2;

  static Deviation deviation(Machine machine, CudaKernel<GemmArgs> kernel, Sizes s) {
    boolean byRows = kernel.name().startsWith("gemm_nn");
    var in = kernel.name().contains("_f16_") ? Format.F16 : Format.F32;
    var out = kernel.name().contains("f32_") ? Format.F32 : in;
    int gap = kernel.name().endsWith("any") ? 3 : 8;
    int lda = s.k + gap;
    int ldb = (byRows ? s.n : s.k) + gap;
    int ldy = s.n + gap;
    int sizeA = s.m * lda;
    int sizeB = (byRows ? s.k : s.n) * ldb;
    int sizeY = s.m * ldy;
    double scale = 1 / Math.sqrt(s.k);
    var a = Buffer.normal(in, s.batches * sizeA, s.shift, 1, 1);
    var b = Buffer.normal(in, s.batches * sizeB, s.shift, 2, scale);
    // Parts of sums go elsewhere first; what is whole goes to the step of a bank.
    int slot = s.splits > 1 ? 0 : s.batches * sizeY;
    var step = Buffer.of(Format.I32, 1, _ -> STEP);
    var y = Buffer.room(out, STEP * slot + s.batches * sizeY, s.shift);
    var partial = Buffer.room(Format.F32, s.splits > 1 ? s.batches * s.splits * s.m * s.n : 0);
    var finish = new Finish(s.then, in, s.m, s.n);
    var p =
        new Product(
            y.address(),
            finish.biasAddress(),
            partial.address(),
            finish.epilogue(),
            s.m,
            s.n,
            s.k,
            ldy,
            s.splits,
            (float) ALPHA);
    var args =
        new GemmArgs(
            p,
            a.address(),
            b.address(),
            sizeA,
            sizeB,
            sizeY,
            slot == 0 ? 0 : step.address(),
            slot,
            lda,
            ldb,
            s.batches);
    machine.run(kernel, args, finish.with(a, b, y, partial, step));
    if (s.splits > 1) {
      var reduce = out == Format.F16 ? CudaKernels.REDUCE.f16() : CudaKernels.REDUCE.f32();
      machine.run(reduce, new ReduceArgs(p, sizeY, s.batches), finish.with(y, partial));
    }
    var exact = new double[y.size()];
    Arrays.fill(exact, Double.NaN); // what is between the rows stays as it was
    for (int i = 0; i < s.batches; i++) {
      var x = a.rows(Shape.of(s.m, s.k), i * sizeA, lda);
      var w = b.rows(byRows ? Shape.of(s.k, s.n) : Shape.of(s.n, s.k), i * sizeB, ldb);
      var product = Meaning.EXACT.of(new Op.Linear(false), x, byRows ? transposed(w) : w);
      for (int r = 0; r < s.m; r++) {
        for (int c = 0; c < s.n; c++) {
          exact[STEP * slot + i * sizeY + r * ldy + c] =
              finish.apply(ALPHA * product[r * s.n + c], r, c);
        }
      }
    }
    return Deviation.of(out, exact, y.values());
  }

  private static Meaning.Operand transposed(Meaning.Operand x) {
    int rows = x.shape().dim(0);
    int columns = x.shape().dim(1);
    var y = new double[rows * columns];
    Arrays.setAll(y, i -> x.values()[i % rows * columns + i / rows]);
    return new Meaning.Operand(Shape.of(columns, rows), y);
  }

  private static void check(CudaKernel<GemmArgs> kernel, Sizes s) {
    var d = deviation(Shim.original(), kernel, s);
    assertTrue(d.ok(), () -> kernel + " " + s + ": " + d);
  }

  @Test
  void largeTiles() {
    check(GEMM_NT_F16_128, new Sizes(256, 320, 320, 1, 1, "bias", 0));
    check(GEMM_NT_F16_128, new Sizes(154, 136, 768, 1, 1, "bias quick_gelu residual", 0));
    check(GEMM_NT_F16_128, new Sizes(1, 8, 8, 3, 1, "", 0));
    check(GEMM_NT_F16_128, new Sizes(130, 40, 200, 1, 3, "bias silu", 0));
  }

  @Test
  void smallTiles() {
    check(GEMM_NT_F16_64, new Sizes(64, 320, 1280, 1, 1, "bias residual", 0));
    check(GEMM_NT_F16_64, new Sizes(77, 96, 40, 2, 1, "", 0));
    check(GEMM_NT_F16_64, new Sizes(64, 128, 2560, 1, 4, "bias gelu residual", 0));
    // More parts than steps of k: some have nothing to do.
    check(GEMM_NT_F16_64, new Sizes(20, 24, 72, 2, 5, "shift scale", 0));
    check(GEMM_NT_F16_F32_64, new Sizes(130, 70, 512, 2, 1, "", 0));
    check(GEMM_NN_F16_64, new Sizes(130, 512, 136, 2, 1, "", 0));
    check(GEMM_NN_F16_64, new Sizes(64, 64, 64, 1, 2, "", 0));
  }

  @Test
  void singlePrecision() {
    check(GEMM_NT_F32, new Sizes(77, 320, 768, 1, 1, "bias gelu residual", 0));
    check(GEMM_NN_F32, new Sizes(100, 130, 70, 3, 1, "", 0));
    check(GEMM_NT_F32, new Sizes(65, 64, 500, 1, 3, "bias shift", 1));
  }

  @Test
  void oddSizes() {
    var r = new SplittableRandom(5);
    var any =
        List.of(GEMM_NT_F16_ANY, GEMM_NN_F16_ANY, GEMM_NT_F16_F32_ANY, GEMM_NT_F32, GEMM_NN_F32);
    var then =
        List.of("", "bias", "bias silu", "shift", "bias residual", "scale gelu", "bias gelu");
    for (int i = 0; i < 40; i++) {
      var kernel = any.get(i % any.size());
      var s =
          new Sizes(
              1 + r.nextInt(90),
              1 + r.nextInt(90),
              1 + r.nextInt(150),
              1 + r.nextInt(3),
              1 + r.nextInt(3),
              // Scores have no epilogue.
              kernel.equals(GEMM_NT_F16_F32_ANY) ? "" : then.get(r.nextInt(then.size())),
              r.nextInt(8));
      check(kernel, s);
    }
  }
}
