package org.drag4j.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.RegionDrag;
import org.drag4j.recording.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The recorded RegionDrag runs, step by step, each step fed the recorded latents. */
class RegionDragChainTest {
  private static final Recording RECORDING = Recording.of("regiondrag.safetensors");
  private static final LatentGrid GRID = new LatentGrid(16, 24, 4);

  @SuppressWarnings("ImmutableEnumChecker") // nobody writes to what it holds
  enum Run {
    ETC(20, 0.5, 0.6, Optional.empty(), "50 100 150 200 250 300 350 400 450 500", 549),
    CTE(20, 0.5, 0.6, Optional.empty(), "50 100 150 200 250 300 350 400 450 500", 549),
    MASKED(20, 0.5, 1.0, Optional.empty(), "50 100 150 200 250 300 350 400 450 500", 549),
    LEADING(10, 0.6, 0.6, Optional.of(TimestepSpacing.LEADING), "91 181 271 361 451 541", 631),
    ARROWS(12, 0.5, 1.2, Optional.empty(), "83 166 250 333 416 500", 583),
    SMALL(8, 0.5, 0.6, Optional.empty(), "125 250 375 500", 624);

    final CycleSde chain;
    final double noiseScale;
    final int[] inversion;
    final int noisiest;

    Run(
        int steps,
        double start,
        double noiseScale,
        Optional<TimestepSpacing> spacing,
        String inversion,
        int noisiest) {
      SchedulerConfig config =
          new SchedulerConfig(
              1000,
              0.00085,
              0.012,
              SchedulerConfig.BetaSchedule.SCALED_LINEAR,
              PredictionType.EPSILON,
              spacing,
              1,
              false);
      this.chain = CycleSde.of(config, steps, start);
      this.noiseScale = noiseScale;
      this.inversion =
          Arrays.stream(inversion.split(" ", -1)).mapToInt(Integer::parseInt).toArray();
      this.noisiest = noisiest;
    }

    String name(String format, int i) {
      return name().toLowerCase(Locale.ROOT) + "." + String.format(Locale.ROOT, format, i);
    }

    /** A recorded latent in this engine's order. */
    float[] latent(String format, int i) {
      return GRID.fromNchw(RECORDING.floats(name(format, i)));
    }

    /** The state the inversion reaches after {@code i} calls, 0 being the encoded image. */
    float[] state(int i) {
      return i == 0 ? latent("clean.%d", 0) : latent("invert.%02d.latent", i - 1);
    }

    Mapping mapping() {
      String tag = name().toLowerCase(Locale.ROOT);
      return mapping(RECORDING.ints(tag + ".source"), RECORDING.ints(tag + ".target"));
    }

    private static Mapping mapping(int[] source, int[] target) {
      return Mapping.of(column(source, 0), column(source, 1), column(target, 0), column(target, 1));
    }

    private static int[] column(int[] pairs, int which) {
      return IntStream.range(0, pairs.length / 2).map(i -> pairs[2 * i + which]).toArray();
    }
  }

  @ParameterizedTest
  @EnumSource
  void timestepsAreThoseOfTheRun(Run run) {
    assertArrayEquals(run.inversion, run.chain.inversionTimesteps());
    int n = run.inversion.length;
    int[] denoising = new int[n];
    for (int i = 0; i < n; i++) {
      denoising[i] = i == 0 ? run.noisiest : run.inversion[n - i];
    }
    assertArrayEquals(denoising, run.chain.denoisingTimesteps());
  }

  /** Of the other runs no inversion is recorded whole. */
  @ParameterizedTest
  @EnumSource(names = {"ARROWS", "SMALL"})
  void addedNoiseLeadsToTheRecordedStates(Run run) {
    for (int i = 0; i < run.inversion.length; i++) {
      float[] noise = run.latent("noise.%02d.randn_like", i + 1);
      float[] next = run.chain.addNoise(run.inversion[i], run.state(i), noise);
      double error = Distance.relative(run.state(i + 1), next);
      assertTrue(error <= 1e-6, run + " call " + i + ": " + error);
      double late =
          Distance.relative(
              run.state(i + 1), run.chain.addNoise(run.inversion[i] + 1, run.state(i), noise));
      assertTrue(late > 1e-5, "one timestep off: " + late);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ARROWS", "SMALL"})
  void storedNoiseLeadsBackToTheState(Run run) {
    int stride = run.chain.stride();
    for (int i = 0; i < run.inversion.length; i++) {
      int t = run.inversion[i];
      float[] x = run.state(i);
      float[] noisier = run.state(i + 1);
      float[] stored = run.latent("invert.%02d.noise", i);
      float[] epsilon = impliedEpsilon(run.chain, t + stride, noisier, x, stored);
      double recovered = Distance.relative(stored, run.chain.recoverNoise(t, x, noisier, epsilon));
      double cycled = Distance.relative(x, run.chain.sample(t + stride, noisier, epsilon, stored));
      assertTrue(recovered < 2e-5 && cycled < 2e-5, recovered + ", " + cycled);
    }
  }

  /**
   * The network's outputs were not recorded. Those that the inversion implies must serve the way
   * back nearly as well where the edit is small, and far better than with the noise of another
   * step; those that the way back implies must serve it exactly.
   */
  @ParameterizedTest
  @EnumSource(names = {"ARROWS", "SMALL"})
  void bothDirectionsImplyTheSamePrediction(Run run) {
    int n = run.inversion.length;
    for (int i = 0; i < n; i++) {
      int call = n - 1 - i;
      int t = run.chain.denoisingTimesteps()[i];
      float[] stored = run.latent("invert.%02d.noise", call);
      float[] x = run.latent("denoise.%02d.in", i);
      float[] recorded = run.latent("denoise.%02d.out", i);
      float[] own = impliedEpsilon(run.chain, t, x, recorded, stored);
      double exact = Distance.relative(recorded, run.chain.sample(t, x, own, stored));
      assertTrue(exact < 1e-5, run + " step " + i + ": " + exact);
      float[] inverted =
          impliedEpsilon(
              run.chain,
              run.inversion[call] + run.chain.stride(),
              run.state(call + 1),
              run.state(call),
              stored);
      double near = Distance.relative(recorded, run.chain.sample(t, x, inverted, stored));
      float[] another = run.latent("invert.%02d.noise", (call + 1) % n);
      double far = Distance.relative(recorded, run.chain.sample(t, x, inverted, another));
      assertTrue(near < far / 4, run + " step " + i + ": " + near + " against " + far);
    }
  }

  @Test
  void theDeterministicPairUndoesItself() {
    CycleSde chain = Run.CTE.chain;
    float[] x = TorchRandom.seeded(1).randn(64);
    float[] epsilon = TorchRandom.seeded(2).randn(64);
    float[] there = chain.invertOde(300, x, epsilon);
    assertTrue(Distance.relative(x, there) > 1e-2);
    assertTrue(Distance.relative(x, chain.sampleOde(350, there, epsilon)) < 1e-6);
    // Below the first timestep there is no noise left.
    float[] clean = chain.schedule().x0(49, x, epsilon);
    assertEquals(0, Distance.differingBits(clean, chain.sampleOde(49, x, epsilon)));
  }

  /** The one prediction that takes {@code x} at {@code t} to {@code cleaner} with that noise. */
  private static float[] impliedEpsilon(
      CycleSde chain, int t, float[] x, float[] cleaner, float[] noise) {
    double a = chain.schedule().alphaCumprod(t);
    double b = chain.schedule().alphaCumprod(t - chain.stride());
    double sigma = Math.sqrt((1 - b) / (1 - a) * (1 - a / b));
    double slope = Math.sqrt(1 - b - sigma * sigma) - Math.sqrt(b / a * (1 - a));
    float[] out = new float[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) ((cleaner[i] - Math.sqrt(b / a) * x[i] - sigma * noise[i]) / slope);
    }
    return out;
  }

  /** Of the long runs the first two steps are recorded, of two runs none. */
  @ParameterizedTest
  @CsvSource({"CTE, 2", "MASKED, 2", "ARROWS, 6", "SMALL, 4"})
  void everyInputOfTheDenoiserIsPastedAndMaskedExactly(Run run, int steps) {
    int n = run.inversion.length;
    boolean copyThenEncode = run == Run.CTE;
    Mapping mapping = run.mapping();
    int[] target = mapping.targetCells(24, 16);
    int[] source = mapping.sourceCells(24, 16);
    int[] pasted = copyThenEncode ? target : source;
    boolean[] editable =
        RegionMask.of(192, 128, RECORDING.unsigned(run.name("mask", 0))).sample(24, 16);
    int[] noised =
        copyThenEncode
            ? IntStream.concat(
                    Arrays.stream(mapping.targetBorderCells(24, 16)), Arrays.stream(source))
                .toArray()
            : source;
    float[] x = run.latent("invert.%02d.latent", copyThenEncode ? 2 * n - 1 : n - 1);
    float[] handleNoise =
        RECORDING.floats(run.name("noise.%02d.randn_like", copyThenEncode ? 2 : n + 1));
    assertEquals(4 * noised.length, handleNoise.length);
    RegionDrag.addNoise(GRID, x, noised, handleNoise, run.noiseScale);
    for (int i = 0; i < steps; i++) {
      float[] kept = run.latent("invert.%02d.latent", n - 1 - i);
      if (i > 0) {
        x = run.latent("denoise.%02d.out", i - 1);
      }
      GRID.copyCells(kept, pasted, x, target);
      x = GRID.select(editable, x, kept);
      double error = Distance.relative(run.latent("denoise.%02d.in", i), x);
      assertTrue(error <= 1e-7, run + " step " + i + ": " + error);
    }
  }

  @Test
  void theLastPairOfARepeatedCellWins() {
    LatentGrid grid = new LatentGrid(1, 3, 2);
    float[] x = {1, 2, 3, 4, 5, 6};
    grid.copyCells(x.clone(), new int[] {0, 1}, x, new int[] {2, 2});
    assertArrayEquals(new float[] {1, 2, 3, 4, 3, 4}, x);
    RegionDrag.addNoise(grid, x, new int[] {0, 0}, new float[] {10, 20, 30, 40}, 1);
    assertArrayEquals(new float[] {20, 40, 3, 4, 3, 4}, x);
    // Sources are read before any is written, also within one latent.
    grid.copyCells(x, new int[] {0, 1}, x, new int[] {1, 2});
    assertArrayEquals(new float[] {20, 40, 20, 40, 3, 4}, x);
    assertArrayEquals(x, grid.fromNchw(grid.toNchw(x)));
    assertArrayEquals(new float[] {20, 20, 3, 40, 40, 4}, grid.toNchw(x));
  }

  @Test
  void cellsOutsideAndWrongSizesAreRefused() {
    LatentGrid grid = new LatentGrid(2, 2, 4);
    float[] x = new float[16];
    int[] outside = {4};
    int[] inside = {0};
    assertThrows(IllegalArgumentException.class, () -> grid.copyCells(x, outside, x, inside));
    assertThrows(
        IllegalArgumentException.class, () -> grid.copyCells(x, inside, x, new int[] {-1}));
    assertThrows(
        IllegalArgumentException.class, () -> grid.copyCells(new float[8], inside, x, inside));
    assertThrows(
        IllegalArgumentException.class,
        () -> RegionDrag.addNoise(grid, x, inside, new float[3], 0.5));
    assertThrows(
        IllegalArgumentException.class,
        () -> RegionDrag.addNoise(grid, x, inside, new float[4], Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> grid.select(new boolean[3], x, x));
    assertThrows(IllegalArgumentException.class, () -> new LatentGrid(1 << 20, 1 << 20, 4));
  }
}
