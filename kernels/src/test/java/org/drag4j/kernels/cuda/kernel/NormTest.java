package org.drag4j.kernels.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.drag4j.graph.Op;
import org.drag4j.kernels.cuda.kernel.Buffer.Format;
import org.drag4j.reference.Meaning;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Group norm, layer norm and softmax against double precision. */
final class NormTest {
  private static final float EPS = 1e-5f;

  /**
   * A group norm.
   *
   * @param first channels of the first source; as many as there are where there is one source
   * @param mean of the input, whose deviation is 1
   */
  record Group(
      int images,
      int positions,
      int channels,
      int first,
      int groups,
      int slabs,
      double mean,
      Op.@Nullable UnaryFn fn) {}

  static Deviation groupNorm(Machine machine, DType type, Group s) {
    var format = format(type);
    int second = s.channels - s.first;
    int ldx = s.first + 8;
    int ldx2 = second + 8;
    int rows = s.images * s.positions;
    var x = shifted(format, rows * ldx, 1, s.mean);
    var x2 = shifted(format, rows * ldx2, 2, s.mean);
    var scale = Buffer.normal(format, s.channels, 3);
    var shift = Buffer.normal(format, s.channels, 4);
    var moments = Buffer.room(Format.F32, s.images * s.slabs * s.groups * 2);
    var y = Buffer.room(format, rows * s.channels);
    var args =
        new GroupNormArgs(
            x.address(),
            x2.address(),
            scale.address(),
            shift.address(),
            y.address(),
            moments.address(),
            s.images,
            s.positions,
            s.channels,
            s.first,
            ldx,
            ldx2,
            s.groups,
            s.slabs,
            EPS,
            s.fn == null ? Epilogue.FN_NONE : Epilogue.number(s.fn));
    machine.run(CudaKernels.GROUP_NORM_MOMENTS.of(type), args, x, x2, moments);
    machine.run(CudaKernels.GROUP_NORM_APPLY.of(type), args, x, x2, scale, shift, moments, y);
    var in = new double[rows * s.channels];
    for (int i = 0; i < in.length; i++) {
      int row = i / s.channels;
      int c = i % s.channels;
      in[i] = c < s.first ? x.get((long) row * ldx + c) : x2.get((long) row * ldx2 + c - s.first);
    }
    var exact =
        Meaning.EXACT.of(
            new Op.GroupNorm(s.groups, EPS),
            new Meaning.Operand(Shape.of(s.images, s.positions, s.channels), in),
            scale.as(s.channels),
            shift.as(s.channels));
    if (s.fn != null) {
      var fn = s.fn;
      Arrays.setAll(exact, i -> Meaning.EXACT.unary(fn, exact[i]));
    }
    return type == DType.F16
        ? Deviation.of(format, exact, y.values())
        : Deviation.of(2e-6 * (1 + Math.abs(s.mean) / 10), 1e-4, exact, y.values());
  }

  static Deviation layerNorm(Machine machine, DType type, int rows, int n, int gap, double mean) {
    var format = format(type);
    int ld = n + gap;
    var x = shifted(format, rows * ld, 1, mean);
    var scale = Buffer.normal(format, n, 2);
    var shift = Buffer.normal(format, n, 3);
    var y = Buffer.room(format, rows * n);
    var args =
        new LayerNormArgs(
            x.address(), scale.address(), shift.address(), y.address(), rows, n, ld, n, EPS);
    machine.run(CudaKernels.LAYER_NORM.of(type), args, x, scale, shift, y);
    var exact =
        Meaning.EXACT.of(
            new Op.LayerNorm(EPS), x.rows(Shape.of(rows, n), 0, ld), scale.as(n), shift.as(n));
    return type == DType.F16
        ? Deviation.of(format, exact, y.values())
        : Deviation.of(2e-6 * (1 + Math.abs(mean) / 10), 1e-4, exact, y.values());
  }

  static Deviation softmax(
      Machine machine, CudaKernel<SoftmaxArgs> kernel, int rows, int n, int gap) {
    var in = kernel.name().startsWith("softmax_f16") ? Format.F16 : Format.F32;
    var out = kernel.name().endsWith("f16") ? Format.F16 : Format.F32;
    int ld = n + gap;
    var x = Buffer.normal(in, rows * ld, 0, 1, 4);
    var y = Buffer.room(out, rows * ld);
    machine.run(kernel, new SoftmaxArgs(x.address(), y.address(), rows, n, ld, ld), x, y);
    var exact = new double[rows * ld];
    Arrays.fill(exact, Double.NaN);
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      for (int c = 0; c < n; c++) {
        sum += Math.exp(x.get((long) r * ld + c));
      }
      for (int c = 0; c < n; c++) {
        exact[r * ld + c] = Math.exp(x.get((long) r * ld + c)) / sum;
      }
    }
    return Deviation.of(out, exact, y.values());
  }

  private static Buffer shifted(Format format, int size, long seed, double mean) {
    var random = new Random(seed);
    return Buffer.of(format, size, _ -> mean + random.nextGaussian());
  }

  private static Format format(DType type) {
    return type == DType.F16 ? Format.F16 : Format.F32;
  }

  private static void check(Group s) {
    for (var type : new DType[] {DType.F16, DType.F32}) {
      var d = groupNorm(Shim.original(), type, s);
      assertTrue(d.ok(), () -> type + " " + s + ": " + d);
    }
  }

  @Test
  void groupNormOfTheUnet() {
    check(new Group(1, 256, 320, 320, 32, 4, 0, Op.UnaryFn.SILU));
    check(new Group(2, 64, 640, 640, 32, 3, 0.5, null));
    check(new Group(1, 16, 2560, 2560, 32, 2, 0, Op.UnaryFn.SILU));
    check(new Group(1, 300, 128, 128, 32, 16, 0, Op.UnaryFn.SILU));
  }

  /** Joined inputs; groups lie across the border. */
  @Test
  void groupNormOfTwoSources() {
    check(new Group(1, 64, 960, 640, 32, 2, 0, Op.UnaryFn.SILU));
    check(new Group(2, 16, 1920, 1280, 32, 1, 1, Op.UnaryFn.SILU));
    check(new Group(2, 30, 45, 22, 3, 2, 0, null));
  }

  /** With E[x^2] - E[x]^2 in single precision nothing would be left. */
  @Test
  void groupNormFarFromZero() {
    var d = groupNorm(Shim.original(), DType.F32, new Group(1, 400, 64, 64, 8, 5, 3000, null));
    assertTrue(d.ok(), d::toString);
  }

  @Test
  void groupNormOfOddSizes() {
    var r = new SplittableRandom(8);
    for (int i = 0; i < 16; i++) {
      int groups = 1 + r.nextInt(5);
      int channels = groups * (1 + r.nextInt(40));
      int first = r.nextBoolean() ? channels : 1 + r.nextInt(channels);
      check(
          new Group(
              1 + r.nextInt(3),
              1 + r.nextInt(90),
              channels,
              first,
              groups,
              1 + r.nextInt(9),
              r.nextInt(3),
              r.nextBoolean() ? Op.UnaryFn.GELU : null));
    }
  }

  @Test
  void layerNorm() {
    var r = new SplittableRandom(9);
    for (var type : new DType[] {DType.F16, DType.F32}) {
      for (int n : new int[] {320, 640, 768, 1280, 8, 1, 37, 101, 1 + r.nextInt(500)}) {
        for (int gap : new int[] {0, 8, 3}) {
          var d = layerNorm(Shim.original(), type, 1 + r.nextInt(20), n, gap, n > 8 ? 2 : 0);
          assertTrue(d.ok(), () -> type + " " + n + ": " + d);
        }
      }
    }
  }

  @Test
  void softmax() {
    for (var kernel :
        List.of(
            CudaKernels.SOFTMAX.f16(), CudaKernels.SOFTMAX.f32(), CudaKernels.SOFTMAX_F32_F16)) {
      for (int n : new int[] {4096, 1024, 77, 9, 1}) {
        for (int gap : new int[] {0, 5}) {
          var d = softmax(Shim.original(), kernel, 3, n, gap);
          assertTrue(d.ok(), () -> kernel + " " + n + ": " + d);
        }
      }
    }
  }
}
