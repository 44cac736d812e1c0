package org.drag4j.kernels.cuda.kernel;

import static org.drag4j.kernels.cuda.kernel.CudaKernels.CONV2D_F16_128;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.CONV2D_F16_64;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.CONV2D_F16_ANY;
import static org.drag4j.kernels.cuda.kernel.CudaKernels.CONV2D_F32;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.drag4j.graph.Op;
import org.drag4j.kernels.cuda.kernel.Buffer.Format;
import org.drag4j.reference.Meaning;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Convolutions against double precision. */
final class Conv2dTest {
  /**
   * @param first channels of the first source; as many as there are where there is one source
   * @param before rows and columns of zeros above and left
   * @param after rows and columns of zeros below and right
   */
  record Sizes(
      int n,
      int height,
      int width,
      int channels,
      int first,
      int filters,
      int kernel,
      int stride,
      int before,
      int after,
      int splits,
      String then) {
    int out(int size) {
      return (size + before + after - kernel) / stride + 1;
    }
  }

  static Deviation deviation(Machine machine, CudaKernel<Conv2dArgs> kernel, Sizes s) {
    var format = kernel.name().contains("_f16_") ? Format.F16 : Format.F32;
    boolean any = kernel.name().endsWith("any");
    int ldx = s.first + (any ? 1 : 8);
    int second = s.channels - s.first;
    int ldx2 = second + 8;
    int outHeight = s.out(s.height);
    int outWidth = s.out(s.width);
    int m = s.n * outHeight * outWidth;
    int k = s.kernel * s.kernel * s.channels;
    int pixels = s.n * s.height * s.width;
    var x = Buffer.normal(format, pixels * ldx, 1);
    var x2 = Buffer.normal(format, pixels * ldx2, 2);
    var w = Buffer.normal(format, s.filters * k, 0, 3, 1 / Math.sqrt(k));
    var y = Buffer.room(format, m * s.filters);
    var partial = Buffer.room(Format.F32, s.splits > 1 ? s.splits * m * s.filters : 0);
    var finish = new Finish(s.then, format, m, s.filters);
    var p =
        new Product(
            y.address(),
            finish.biasAddress(),
            partial.address(),
            finish.epilogue(),
            m,
            s.filters,
            k,
            s.filters,
            s.splits,
            1);
    var args =
        new Conv2dArgs(
            p,
            x.address(),
            x2.address(),
            w.address(),
            ldx,
            ldx2,
            s.height,
            s.width,
            s.channels,
            s.first,
            s.kernel,
            s.kernel,
            s.stride,
            s.before,
            s.before,
            outHeight,
            outWidth);
    machine.run(kernel, args, finish.with(x, x2, w, y, partial));
    if (s.splits > 1) {
      var reduce = format == Format.F16 ? CudaKernels.REDUCE.f16() : CudaKernels.REDUCE.f32();
      machine.run(reduce, new ReduceArgs(p, 0, 1), finish.with(y, partial));
    }
    var in = x.rows(Shape.of(s.n, s.height, s.width, s.first), 0, ldx);
    if (second > 0) {
      var in2 = x2.rows(Shape.of(s.n, s.height, s.width, second), 0, ldx2);
      var joined = Meaning.EXACT.of(new Op.Concat(), in, in2);
      in = new Meaning.Operand(Shape.of(s.n, s.height, s.width, s.channels), joined);
    }
    var op = new Op.Conv2d(s.stride, s.before, s.after, false);
    var exact = Meaning.EXACT.of(op, in, w.as(s.filters, s.kernel, s.kernel, s.channels));
    Arrays.setAll(exact, i -> finish.apply(exact[i], i / s.filters, i % s.filters));
    return Deviation.of(format, exact, y.values());
  }

  private static void check(CudaKernel<Conv2dArgs> kernel, Sizes s) {
    var d = deviation(Shim.original(), kernel, s);
    assertTrue(d.ok(), () -> kernel + " " + s + ": " + d);
  }

  @Test
  void largeTiles() {
    check(CONV2D_F16_128, new Sizes(1, 16, 16, 64, 64, 136, 3, 1, 1, 1, 1, "bias shift residual"));
    check(CONV2D_F16_128, new Sizes(2, 9, 7, 72, 40, 64, 1, 1, 0, 0, 1, "bias"));
    check(CONV2D_F16_128, new Sizes(1, 12, 12, 32, 32, 40, 3, 2, 0, 1, 2, "bias"));
  }

  @Test
  void smallTiles() {
    check(CONV2D_F16_64, new Sizes(1, 8, 8, 160, 160, 64, 3, 1, 1, 1, 1, "bias residual"));
    check(CONV2D_F16_64, new Sizes(2, 8, 8, 96, 64, 72, 1, 1, 0, 0, 1, ""));
    check(CONV2D_F16_64, new Sizes(2, 13, 11, 16, 16, 24, 3, 2, 1, 1, 1, "bias silu"));
    check(CONV2D_F16_64, new Sizes(1, 8, 8, 128, 128, 40, 3, 1, 1, 1, 4, "bias shift residual"));
  }

  @Test
  void firstAndLastOfANetwork() {
    check(CONV2D_F16_ANY, new Sizes(1, 16, 16, 4, 4, 40, 3, 1, 1, 1, 1, "bias"));
    check(CONV2D_F16_ANY, new Sizes(2, 10, 12, 40, 40, 4, 3, 1, 1, 1, 1, "bias"));
    check(CONV2D_F16_ANY, new Sizes(1, 16, 16, 3, 3, 32, 3, 1, 1, 1, 1, "bias"));
    check(CONV2D_F32, new Sizes(1, 16, 16, 4, 4, 32, 3, 1, 1, 1, 1, "bias"));
  }

  @Test
  void oddSizes() {
    var r = new SplittableRandom(6);
    for (int i = 0; i < 30; i++) {
      int channels = 1 + r.nextInt(40);
      int kernel = r.nextInt(3) == 0 ? 1 : 3;
      boolean before = kernel == 3 && r.nextBoolean();
      var s =
          new Sizes(
              1 + r.nextInt(3),
              3 + r.nextInt(9),
              3 + r.nextInt(9),
              channels,
              r.nextBoolean() ? channels : 1 + r.nextInt(channels),
              1 + r.nextInt(70),
              kernel,
              1 + r.nextInt(2),
              before ? 1 : 0,
              r.nextInt(2),
              1 + r.nextInt(3),
              r.nextBoolean() ? "bias" : "shift silu residual");
      check(i % 2 == 0 ? CONV2D_F16_ANY : CONV2D_F32, s);
    }
  }
}
