package org.drag4j.kernels.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.drag4j.kernels.cuda.kernel.Buffer.Format;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;

/** RegionDrag's arithmetic, pictures and random numbers. */
final class EditingTest {
  private static final List<DType> TYPES = List.of(DType.F16, DType.F32);

  private static Format format(DType type) {
    return type == DType.F16 ? Format.F16 : Format.F32;
  }

  private static void assertOk(Deviation d, Object what) {
    assertTrue(d.ok(), () -> what + ": " + d);
  }

  /** A table of steps, seven numbers each as in {@link LatentStep}. */
  private static Buffer steps(int count) {
    var r = new Random(11);
    return Buffer.of(Format.F32, 7 * count, i -> 0.2 + 0.1 * (i % 7) + 0.05 * r.nextDouble());
  }

  private static double step(Buffer steps, int number, int field) {
    return steps.get(7L * number + field);
  }

  private static double clean(Buffer steps, int k, double x, double epsilon) {
    return (x - step(steps, k, 1) * epsilon) / step(steps, k, 0);
  }

  private static double epsilon(Buffer steps, int k, boolean velocity, double x, double output) {
    return velocity ? step(steps, k, 0) * output + step(steps, k, 1) * x : output;
  }

  /** What an update does beyond the step itself. */
  record Update(boolean stored, boolean paste, boolean mask, boolean velocity, int step) {}

  static Deviation update(Machine machine, DType type, int cells, int channels, Update u) {
    int size = cells * channels;
    var r = new SplittableRandom(12);
    var x = Buffer.normal(Format.F32, size, 1);
    var output = Buffer.normal(format(type), size, 2);
    var stored = Buffer.normal(Format.F32, 3 * size, 3);
    var visited = Buffer.normal(Format.F32, 3 * size, 4);
    var from = Buffer.of(Format.I32, cells, _ -> r.nextInt(3) == 0 ? r.nextInt(cells) : -1);
    var editable = Buffer.of(Format.U8, cells, _ -> r.nextInt(4) == 0 ? 0 : 1);
    var steps = steps(3);
    var step = Buffer.of(Format.I32, 1, _ -> u.step);
    var y = x.changeable();
    var input = Buffer.room(format(type), size);
    machine.run(
        CudaKernels.LATENT_UPDATE.of(type),
        new LatentUpdateArgs(
            y.address(),
            output.address(),
            u.stored ? stored.address() : 0,
            u.paste || u.mask ? visited.address() : 0,
            u.paste ? from.address() : 0,
            u.mask ? editable.address() : 0,
            steps.address(),
            u.step == 0 ? 0 : step.address(),
            y.address(),
            input.address(),
            size,
            size,
            cells,
            channels,
            u.velocity ? 1 : 0),
        output,
        stored,
        visited,
        from,
        editable,
        steps,
        step,
        y,
        input);
    var exact = new double[size];
    for (int i = 0; i < size; i++) {
      int cell = i / channels;
      int k = u.step;
      double e = epsilon(steps, k, u.velocity, x.get(i), output.get(i));
      double v = step(steps, k, 2) * clean(steps, k, x.get(i), e) + step(steps, k, 3) * e;
      if (u.stored) {
        v += step(steps, k, 4) * stored.get((long) k * size + i);
      }
      if (u.paste && from.get(cell) >= 0) {
        v = visited.get((long) k * size + ((long) from.get(cell)) * channels + i % channels);
      }
      if (u.mask && editable.get(cell) == 0) {
        v = visited.get((long) k * size + i);
      }
      exact[i] = v;
    }
    var asTaken = Deviation.of(format(type), exact, input.values());
    return asTaken.ok() ? Deviation.of(1e-6, 1e-6, exact, y.values()) : asTaken;
  }

  static Deviation recover(Machine machine, DType type, int size, int count, boolean velocity) {
    var x = Buffer.normal(Format.F32, size * count, 1);
    var noisy = Buffer.normal(Format.F32, size * count, 2);
    var output = Buffer.normal(format(type), size * count, 3);
    var steps = steps(count);
    var stored = Buffer.room(Format.F32, size * count);
    machine.run(
        CudaKernels.LATENT_RECOVER.of(type),
        new LatentRecoverArgs(
            x.address(),
            noisy.address(),
            output.address(),
            steps.address(),
            stored.address(),
            size,
            count,
            velocity ? 1 : 0),
        x,
        noisy,
        output,
        steps,
        stored);
    var exact = new double[size * count];
    for (int i = 0; i < exact.length; i++) {
      int k = i / size;
      double e = epsilon(steps, k, velocity, noisy.get(i), output.get(i));
      double c = clean(steps, k, noisy.get(i), e);
      exact[i] = (x.get(i) - step(steps, k, 2) * c - step(steps, k, 3) * e) / step(steps, k, 4);
    }
    return Deviation.of(1e-6, 1e-6, exact, stored.values());
  }

  static Deviation noise(Machine machine, DType type, int cells, int channels, int count) {
    int size = cells * channels;
    var x = Buffer.normal(Format.F32, size, 1);
    var noise = Buffer.normal(Format.F32, size * count, 2);
    var steps = steps(count);
    var states = Buffer.room(Format.F32, size * count);
    var input = Buffer.room(format(type), size * count);
    machine.run(
        CudaKernels.LATENT_NOISE.of(type),
        new LatentNoiseArgs(
            x.address(),
            noise.address(),
            steps.address(),
            states.address(),
            input.address(),
            cells,
            channels,
            count),
        x,
        noise,
        steps,
        states,
        input);
    var exact = new double[size * count];
    for (int i = 0; i < exact.length; i++) {
      int k = i / size;
      int at = i % size;
      double before = k == 0 ? x.get(at) : exact[i - size];
      double n = noise.get((long) k * size + ((long) (at % channels)) * cells + at / channels);
      exact[i] = step(steps, k, 5) * before + step(steps, k, 6) * n;
    }
    var asTaken = Deviation.of(format(type), exact, input.values());
    return asTaken.ok() ? Deviation.of(1e-6, 1e-6, exact, states.values()) : asTaken;
  }

  static Deviation handle(Machine machine, int cells, int channels, int draws) {
    var r = new SplittableRandom(13);
    var x = Buffer.normal(Format.F32, cells * channels, 1);
    var noise = Buffer.normal(Format.F32, draws * channels, 2);
    var drawn = Buffer.of(Format.I32, cells, _ -> r.nextInt(2) == 0 ? r.nextInt(draws) : -1);
    var y = Buffer.room(Format.F32, cells * channels);
    float keep = 0.8f;
    float add = 0.6f;
    machine.run(
        CudaKernels.LATENT_HANDLE,
        new LatentHandleArgs(
            x.address(),
            noise.address(),
            drawn.address(),
            y.address(),
            cells,
            channels,
            draws,
            keep,
            add),
        x,
        noise,
        drawn,
        y);
    var exact = new double[cells * channels];
    for (int i = 0; i < exact.length; i++) {
      long draw = (long) drawn.get(i / channels);
      exact[i] =
          draw < 0
              ? x.get(i)
              : x.get(i) * keep + noise.get(i % channels * (long) draws + draw) * add;
    }
    return Deviation.of(1e-6, 1e-6, exact, y.values());
  }

  static Deviation imageIn(Machine machine, DType type, int pixels, int wide) {
    var rgb = Buffer.of(Format.U8, pixels * 3, i -> i * 37 % 256);
    var y = Buffer.room(format(type), pixels * wide);
    machine.run(
        CudaKernels.IMAGE_IN.of(type),
        new ImageInArgs(rgb.address(), y.address(), pixels, wide),
        rgb,
        y);
    var exact = new double[pixels * wide];
    for (int i = 0; i < exact.length; i++) {
      float level = (float) (i % wide < 3 ? rgb.get((long) (i / wide) * 3 + i % wide) : 0);
      float v = i % wide < 3 ? level / 255f * 2f - 1f : 0;
      exact[i] = type == DType.F16 ? Float.float16ToFloat(Float.floatToFloat16(v)) : v;
    }
    return Deviation.exactly(exact, y.values());
  }

  static Deviation imageOut(Machine machine, DType type, int pixels, boolean masked, float add) {
    var values = new double[] {Double.NaN, -5, 5, -1, 1, 0, 0.00392};
    var r = new Random(14);
    var x =
        Buffer.of(format(type), pixels * 3, i -> i < values.length ? values[i] : r.nextGaussian());
    var original = Buffer.of(Format.U8, pixels * 3, i -> i * 31 % 256);
    var inside = Buffer.of(Format.U8, pixels, i -> i % 3);
    var rgb = Buffer.room(Format.U8, pixels * 3);
    machine.run(
        CudaKernels.IMAGE_OUT.of(type),
        new ImageOutArgs(
            x.address(),
            masked ? original.address() : 0,
            masked ? inside.address() : 0,
            rgb.address(),
            pixels,
            add),
        x,
        original,
        inside,
        rgb);
    var exact = new double[pixels * 3];
    for (int i = 0; i < exact.length; i++) {
      float level = Math.clamp((float) x.get(i) / 2 + 0.5f, 0f, 1f) * 255;
      exact[i] = masked && inside.get(i / 3) == 0 ? original.get(i) : (int) (level + add);
    }
    return Deviation.exactly(exact, rgb.values());
  }

  /** Philox4x32-10, the last argument (seed low, seed high); from its paper's description. */
  private static int[] philox(long counter, long thread, long seed) {
    int[] x = {(int) counter, (int) (counter >>> 32), (int) thread, (int) (thread >>> 32)};
    int k0 = (int) seed;
    int k1 = (int) (seed >>> 32);
    for (int i = 0; i < 10; i++) {
      long a = (x[0] & 0xffffffffL) * 0xD2511F53L;
      long b = (x[2] & 0xffffffffL) * 0xCD9E8D57L;
      x = new int[] {(int) (b >>> 32) ^ x[1] ^ k0, (int) b, (int) (a >>> 32) ^ x[3] ^ k1, (int) a};
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return x;
  }

  private static double uniform(int word, double scale) {
    return (word & 0xffffffffL) * scale + scale / 2;
  }

  private static double[] torchNormal(int n, long seed, long offset, int blocks) {
    long threads = 256L * blocks;
    var out = new double[n];
    for (int i = 0; i < n; i++) {
      long pass = i / (4 * threads);
      int component = (int) (i % (4 * threads) / threads);
      int[] x = philox(offset / 4 + pass, i % threads, seed);
      int pair = component / 2 * 2;
      double s = Math.sqrt(-2 * Math.log(uniform(x[pair], 0x1p-32)));
      double v = uniform(x[pair + 1], 0x1p-32 * 2 * Math.PI);
      out[i] = s * (component % 2 == 0 ? Math.sin(v) : Math.cos(v));
    }
    return out;
  }

  static Deviation normal(Machine machine, DType type, int n, long seed, long offset, int blocks) {
    var y = Buffer.room(format(type), n);
    machine.run(
        CudaKernels.PHILOX_NORMAL.of(type),
        new PhiloxNormalArgs(y.address(), n, seed, offset, blocks),
        y);
    var exact = torchNormal(n, seed, offset, blocks);
    return type == DType.F16
        ? Deviation.of(Format.F16, exact, y.values())
        : Deviation.of(1e-6, 2e-6, exact, y.values());
  }

  @Test
  void stepsBack() {
    for (var type : TYPES) {
      for (int i = 0; i < 16; i++) {
        var u = new Update((i & 1) > 0, (i & 2) > 0, (i & 4) > 0, (i & 8) > 0, i % 3);
        assertOk(update(Shim.original(), type, 64, 4, u), u);
      }
    }
  }

  @Test
  void stepsOut() {
    for (var type : TYPES) {
      assertOk(noise(Shim.original(), type, 100, 4, 10), type);
      assertOk(recover(Shim.original(), type, 400, 10, false), type);
      assertOk(recover(Shim.original(), type, 37, 3, true), type);
    }
    assertOk(handle(Shim.original(), 90, 4, 17), "handle");
  }

  @Test
  void pictures() {
    for (var type : TYPES) {
      assertOk(imageIn(Shim.original(), type, 300, 3), "three");
      assertOk(imageIn(Shim.original(), type, 300, 8), "eight");
      for (float add : new float[] {0, 0.5f}) {
        assertOk(imageOut(Shim.original(), type, 300, false, add), "whole");
        assertOk(imageOut(Shim.original(), type, 300, true, add), "masked");
      }
    }
  }

  @Test
  void normalNumbers() {
    for (var type : TYPES) {
      assertOk(normal(Shim.original(), type, 1000, 0, 0, 4), "one pass");
      assertOk(normal(Shim.original(), type, 5000, -42, 12, 2), "three passes");
      assertOk(normal(Shim.original(), type, 1, 1L << 40, 1L << 34, 1), "one number");
    }
  }

  /** The first numbers {@code torch.randn} gives on CUDA for seed 0. */
  @Test
  void normalNumbersOfPyTorch() {
    var y = Buffer.room(Format.F32, 4);
    Shim.original()
        .run(CudaKernels.PHILOX_NORMAL.f32(), new PhiloxNormalArgs(y.address(), 4, 0, 0, 1), y);
    var expected = new double[] {-0.9247, -0.4253, -2.6438, 0.1452};
    for (int i = 0; i < 4; i++) {
      assertEquals(expected[i], y.get(i), 5e-5);
    }
  }

  @Test
  void theTableOfStepsHasNoGaps() {
    var layout = ArgumentLayout.of(LatentStep.class);
    var offsets = new ArrayList<Long>();
    layout.paths().forEach(p -> offsets.add(layout.offset(p)));
    assertEquals(List.of(0L, 4L, 8L, 12L, 16L, 20L, 24L), offsets);
    assertEquals(28, layout.size());
  }
}
