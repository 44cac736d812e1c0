package org.drag4j.kernels.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.drag4j.graph.Op;
import org.drag4j.kernels.cuda.kernel.Buffer.Format;
import org.drag4j.reference.Meaning;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Everything that is done number by number, and what only moves numbers. */
final class ElementwiseTest {
  private static final List<DType> TYPES = List.of(DType.F16, DType.F32);

  private static Format format(DType type) {
    return type == DType.F16 ? Format.F16 : Format.F32;
  }

  private static void assertOk(Deviation d, Object what) {
    assertTrue(d.ok(), () -> what + ": " + d);
  }

  static Deviation unary(Machine machine, DType type, Op.UnaryFn fn, int n, int shift) {
    var x = Buffer.normal(format(type), n, shift, 1, 3);
    var y = Buffer.room(format(type), n, shift);
    machine.run(
        CudaKernels.UNARY.of(type),
        new UnaryArgs(x.address(), y.address(), n, Epilogue.number(fn)),
        x,
        y);
    var exact = Meaning.EXACT.of(new Op.Unary(fn), x.as(n));
    return Deviation.of(format(type), exact, y.values());
  }

  /** {@code a} of these dimensions and {@code b} of size 1 where {@code broadcast}. */
  static Deviation binary(
      Machine machine, DType type, Op.BinaryFn fn, int[] dims, boolean[] broadcast) {
    var strides = new int[4];
    int size = 1;
    for (int i = 3; i >= 0; i--) {
      strides[i] = broadcast[i] ? 0 : size;
      size *= broadcast[i] ? 1 : dims[i];
    }
    int n = dims[0] * dims[1] * dims[2] * dims[3];
    var a = Buffer.normal(format(type), n, 1);
    var b = Buffer.normal(format(type), size, 2);
    var y = Buffer.room(format(type), n);
    machine.run(
        CudaKernels.BINARY.of(type),
        new BinaryArgs(
            a.address(),
            b.address(),
            y.address(),
            n,
            dims[1],
            dims[2],
            dims[3],
            strides[0],
            strides[1],
            strides[2],
            strides[3],
            Epilogue.number(fn)),
        a,
        b,
        y);
    var shape = new int[4];
    Arrays.setAll(shape, i -> broadcast[i] ? 1 : dims[i]);
    var exact = Meaning.EXACT.of(new Op.Binary(fn), a.as(dims), b.as(shape));
    return Deviation.of(format(type), exact, y.values());
  }

  static Deviation geglu(Machine machine, DType type, int rows, int n) {
    var x = Buffer.normal(format(type), rows * 2 * n, 0, 1, 2);
    var y = Buffer.room(format(type), rows * n);
    machine.run(CudaKernels.GEGLU.of(type), new GegluArgs(x.address(), y.address(), rows, n), x, y);
    var exact = Meaning.EXACT.of(new Op.Geglu(), x.as(rows, 2 * n));
    return Deviation.of(format(type), exact, y.values());
  }

  static Deviation concat(Machine machine, DType type, int rows, int first, int second) {
    int n = first + second;
    var a = Buffer.normal(format(type), rows * first, 1);
    var b = Buffer.normal(format(type), rows * second, 2);
    var y = Buffer.room(format(type), rows * n);
    var kernel = CudaKernels.CONCAT.of(type);
    machine.run(kernel, new ConcatArgs(a.address(), y.address(), rows, first, first, n), a, y);
    machine.run(
        kernel, new ConcatArgs(b.address(), y.address(first), rows, second, second, n), b, y);
    var exact = Meaning.EXACT.of(new Op.Concat(), a.as(rows, first), b.as(rows, second));
    return Deviation.exactly(exact, y.values());
  }

  static Deviation upsample(
      Machine machine, DType type, int images, int h, int w, int c, int toH, int toW) {
    var x = Buffer.normal(format(type), images * h * w * c, 1);
    var y = Buffer.room(format(type), images * toH * toW * c);
    machine.run(
        CudaKernels.UPSAMPLE.of(type),
        new UpsampleArgs(x.address(), y.address(), images, h, w, c, toH, toW),
        x,
        y);
    var exact = Meaning.EXACT.of(new Op.Upsample(toH, toW), x.as(images, h, w, c));
    return Deviation.exactly(exact, y.values());
  }

  static Deviation embedding(Machine machine, DType type, int count, int vocabulary, int n) {
    var r = new SplittableRandom(3);
    var ids = Buffer.of(Format.I32, count, i -> i == 1 ? vocabulary : r.nextInt(vocabulary));
    var table = Buffer.normal(format(type), vocabulary * n, 1);
    var y = Buffer.room(format(type), count * n);
    machine.run(
        CudaKernels.EMBEDDING.of(type),
        new EmbeddingArgs(ids.address(), table.address(), y.address(), count, vocabulary, n),
        ids,
        table,
        y);
    // The row after the last is of NaN: so is what an index outside the table gives.
    var all = Arrays.copyOf(table.values(), (vocabulary + 1) * n);
    Arrays.fill(all, vocabulary * n, all.length, Double.NaN);
    var rows = new Meaning.Operand(Shape.of(vocabulary + 1, n), all);
    var exact = Meaning.EXACT.of(new Op.Embedding(), ids.as(count), rows);
    return Deviation.exactly(exact, y.values());
  }

  static Deviation timesteps(
      Machine machine, DType type, int dim, boolean cosineFirst, float shift) {
    var values = new double[] {0, 1, 50, 549, 981, 999};
    var t = Buffer.of(Format.F32, values.length, i -> values[i]);
    var y = Buffer.room(format(type), values.length * dim);
    machine.run(
        CudaKernels.TIMESTEP_EMBEDDING.of(type),
        new TimestepEmbeddingArgs(
            t.address(), y.address(), values.length, dim, cosineFirst ? 1 : 0, shift),
        t,
        y);
    var op = new Op.TimestepEmbedding(dim, cosineFirst, shift);
    var exact = Meaning.EXACT.of(op, t.as(values.length));
    return Deviation.of(format(type), exact, y.values());
  }

  /** From the other format, {@code offset} numbers behind an aligned address. */
  static Deviation cast(Machine machine, DType to, int n, int offset) {
    var from = to == DType.F16 ? DType.F32 : DType.F16;
    var x = Buffer.normal(format(from), offset + n, 1);
    var y = Buffer.room(format(to), offset + n);
    machine.run(
        CudaKernels.CAST.of(to), new CastArgs(x.address(offset), y.address(offset), n), x, y);
    var exact = new double[offset + n];
    var got = y.values();
    for (int i = 0; i < exact.length; i++) {
      double v = x.get(i);
      exact[i] = i < offset ? got[i] : to == DType.F16 ? half(v) : v;
    }
    return Deviation.exactly(exact, got);
  }

  private static double half(double x) {
    return Float.float16ToFloat(Float.floatToFloat16((float) x));
  }

  @Test
  void unary() {
    for (var type : TYPES) {
      for (var fn : Op.UnaryFn.values()) {
        for (int n : new int[] {1, 7, 4096, 20_003}) {
          assertOk(unary(Shim.original(), type, fn, n, n % 8), fn + " " + n);
        }
      }
    }
  }

  @Test
  void binary() {
    var r = new SplittableRandom(10);
    for (var type : TYPES) {
      for (int i = 0; i < 32; i++) {
        int[] dims = {1 + r.nextInt(3), 1 + r.nextInt(9), 1 + r.nextInt(9), 1 + r.nextInt(70)};
        boolean[] broadcast = {(i & 1) > 0, (i & 2) > 0, (i & 4) > 0, (i & 8) > 0};
        var fn = i < 16 ? Op.BinaryFn.ADD : Op.BinaryFn.MUL;
        assertOk(
            binary(Shim.original(), type, fn, dims, broadcast),
            Arrays.toString(dims) + Arrays.toString(broadcast));
      }
      assertOk(
          binary(
              Shim.original(),
              type,
              Op.BinaryFn.ADD,
              new int[] {2, 8, 8, 320},
              new boolean[] {false, true, true, false}),
          "timestep shift");
    }
  }

  @Test
  void geglu() {
    for (var type : TYPES) {
      for (int n : new int[] {1280, 40, 13, 1}) {
        assertOk(geglu(Shim.original(), type, 17, n), n);
      }
    }
  }

  @Test
  void concat() {
    for (var type : TYPES) {
      assertOk(concat(Shim.original(), type, 64, 640, 320), "640 and 320");
      assertOk(concat(Shim.original(), type, 30, 13, 24), "13 and 24");
      assertOk(concat(Shim.original(), type, 5, 1, 2), "1 and 2");
    }
  }

  @Test
  void upsample() {
    for (var type : TYPES) {
      assertOk(upsample(Shim.original(), type, 2, 8, 8, 64, 16, 16), "double");
      assertOk(upsample(Shim.original(), type, 1, 3, 5, 7, 6, 9), "odd");
      assertOk(upsample(Shim.original(), type, 1, 1, 1, 3, 4, 5), "one pixel");
    }
    // Sizes for which the float product falls below a whole number.
    for (int out = 2; out < 200; out++) {
      assertOk(upsample(Shim.original(), DType.F32, 1, 1, 49, 1, 1, out), out);
    }
  }

  @Test
  void embedding() {
    for (var type : TYPES) {
      assertOk(embedding(Shim.original(), type, 77, 300, 96), "aligned");
      assertOk(embedding(Shim.original(), type, 9, 40, 37), "odd");
    }
  }

  @Test
  void timestepEmbedding() {
    for (var type : TYPES) {
      assertOk(timesteps(Shim.original(), type, 320, true, 0), "UNet");
      assertOk(timesteps(Shim.original(), type, 32, false, 1), "diffusers' default");
      assertOk(timesteps(Shim.original(), type, 17, true, 0), "odd");
    }
  }

  @Test
  void cast() {
    for (var to : TYPES) {
      for (int n : new int[] {1, 7, 4096, 20_003}) {
        assertOk(cast(Shim.original(), to, n, 0), to + " " + n);
        assertOk(cast(Shim.original(), to, n, n % 8), to + " " + n + " not aligned");
      }
    }
  }
}
