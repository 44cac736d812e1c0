package org.drag4j.method;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.drag4j.graph.Hook;
import org.drag4j.pipeline.Denoiser;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.CycleSde;
import org.jspecify.annotations.Nullable;

/**
 * RegionDrag (Lu, Li and Han, ECCV 2024): copies latent cells, and the keys and values of every
 * self-attention, from a noising trajectory of the original into the denoising of the edit.
 *
 * @param handleNoise deviation of the noise put on the handle's cells once, before denoising
 * @param batched whether the inversion of "Encode then CP" runs as one batch, or as few as device
 *     memory allows: its UNet calls do not depend on each other
 * @param options what may differ from what is released
 */
public record RegionDrag(Variant variant, double handleNoise, boolean batched, Options options)
    implements EditMethod {
  /** The method as it is released. */
  public RegionDrag(Variant variant, double handleNoise, boolean batched) {
    this(variant, handleNoise, batched, Options.RELEASED);
  }

  /** How long cells are copied. */
  public enum Copy {
    /** In every step, which is what the released code does whatever its end is. */
    AS_RELEASED,
    /** Down to the end that the paper speaks of. */
    STOP_AT_END
  }

  /** What becomes of the handle's cells that nothing is copied to. */
  public enum Fill {
    /** They keep what they have. */
    NONE,
    /** They start from noise alone. */
    NOISE,
    /** They get copies of the nearest cells around. */
    NEIGHBOURS
  }

  /**
   * What may differ from what is released.
   *
   * @param end the part of the noise range below which nothing is copied any more, if {@code copy}
   *     says so
   * @param guidance weight of the prompt on the way back; 1 leaves the negative prompt out
   */
  public record Options(Copy copy, double end, Injection injection, Fill fill, double guidance) {
    /** Nothing. */
    public static final Options RELEASED =
        new Options(Copy.AS_RELEASED, 0.2, Injection.RELEASED, Fill.NONE, 1);
  }

  /** In which order copying and encoding happen. */
  public enum Variant {
    /** The picture is inverted with fresh noise; latent cells are copied. The paper's method. */
    ENCODE_THEN_CP,
    /** The picture with pixels already copied is inverted without noise; its cells are copied. */
    CP_THEN_ENCODE
  }

  @Override
  public float[] edit(Editing e) {
    return switch (variant) {
      case ENCODE_THEN_CP -> encodeThenCp(e);
      case CP_THEN_ENCODE -> cpThenEncode(e);
    };
  }

  private float[] encodeThenCp(Editing e) {
    var sde = e.sde();
    int steps = sde.inversionTimesteps().length;
    if (steps == 0) {
      return handleNoised(e, e.source(), e.sourceCells());
    }
    var inversion = e.inversion(() -> invertSde(e));
    try {
      var x = handleNoised(e, inversion.states().getLast(), e.sourceCells());
      var stored = new ArrayDeque<>(inversion.noise());
      return denoise(
          e,
          inversion.bank(),
          x,
          new ArrayDeque<>(inversion.states().subList(1, steps + 1)),
          e.sourceCells(),
          (t, z, epsilon) -> sde.sample(t, z, epsilon, stored.removeLast()));
    } finally {
      e.done(inversion);
    }
  }

  /** The way out with fresh noise; the clean latent is the first of its states. */
  private Inversion invertSde(Editing e) {
    var sde = e.sde();
    var grid = e.grid();
    int[] ts = sde.inversionTimesteps();
    int steps = ts.length;
    // The states do not depend on the network, so all can be drawn before its first call.
    var states = new ArrayList<float[]>();
    states.add(e.source());
    for (int i = 0; i < steps; i++) {
      var noise = grid.fromNchw(e.noise().draw(grid.size()));
      states.add(sde.addNoise(ts[i], states.get(i), noise));
      observe(e, "invert", i, "latent", states.get(i + 1));
    }
    var stored = new ArrayList<float[]>();
    int batch = batched ? chunk(steps, e.fitting(capture(), steps)) : 1;
    e.progress().phase("invert", steps);
    try (var capturing = capturing(e, batch)) {
      var bank = e.bank(capturing, steps);
      try {
        while (stored.size() < steps) {
          // The last call, if it would be a smaller one, does some steps again.
          int i = Math.min(stored.size(), steps - batch);
          var latents = join(states.subList(i + 1, i + 1 + batch));
          int[] at = new int[batch];
          for (int k = 0; k < batch; k++) {
            at[k] = ts[i + k] + sde.stride();
          }
          var predicted = capturing.predict(latents, at, bank.from(i));
          for (int k = stored.size() - i; k < batch; k++) {
            var x = states.get(i + k + 1);
            var output = slice(predicted, k, grid.size());
            var epsilon = sde.schedule().epsilon(at[k], x, output);
            stored.add(sde.recoverNoise(ts[i + k], states.get(i + k), x, epsilon));
            observe(e, "invert", i + k, "noise", stored.getLast());
          }
          e.progress().advance(stored.size(), steps);
        }
        return new Inversion(states, stored, bank);
      } catch (RuntimeException | Error failure) {
        bank.close();
        throw failure;
      }
    }
  }

  private float[] cpThenEncode(Editing e) {
    var sde = e.sde();
    int steps = sde.inversionTimesteps().length;
    if (steps == 0) {
      return handleNoised(e, e.source(), e.targetBorderCells(), e.sourceCells());
    }
    e.progress().phase("invert", 2 * steps);
    List<float[]> previews;
    try (var plain = e.denoiser(Hook.NONE, 1)) {
      previews = invertOde(e, plain, null, e.preview(), 0);
    }
    var inversion = e.inversion(() -> invertOriginal(e, steps));
    try {
      // Every border point is a target and pasted over at once; only their number of draws counts.
      var x = handleNoised(e, inversion.states().getLast(), e.targetBorderCells(), e.sourceCells());
      return denoise(
          e,
          inversion.bank(),
          x,
          new ArrayDeque<>(previews),
          e.targetCells(),
          (t, z, epsilon) -> {
            var next = sde.sampleOde(t, z, epsilon);
            // Drawn by the released code and not used; the next draw must come after it.
            e.noise().draw(e.grid().size());
            return next;
          });
    } finally {
      e.done(inversion);
    }
  }

  private Inversion invertOriginal(Editing e, int steps) {
    try (var capturing = capturing(e, 1)) {
      var bank = e.bank(capturing, steps);
      try {
        return new Inversion(invertOde(e, capturing, bank, e.source(), steps), List.of(), bank);
      } catch (RuntimeException | Error failure) {
        bank.close();
        throw failure;
      }
    }
  }

  private Hook capture() {
    return Injection.capture(options.injection().layers());
  }

  /** Of so many steps at a time, as many as make the chunks alike without making more of them. */
  private static int chunk(int steps, int fitting) {
    return Math.ceilDiv(steps, Math.ceilDiv(steps, fitting));
  }

  private Denoiser capturing(Editing e, int batch) {
    var capturing = e.denoiser(capture(), batch);
    if (capturing.sites().isEmpty()) {
      capturing.close();
      throw new IllegalArgumentException(
          "method.layers: expected \"all\", \"decoder\" or the path of a self-attention, got \""
              + options.injection().layers()
              + "\", which matches none of the model; write for example up_blocks.1.*");
    }
    return capturing;
  }

  /**
   * The states after each step out, without noise; keys and values go to the bank if there is one.
   */
  private static List<float[]> invertOde(
      Editing e, Denoiser denoiser, @Nullable SiteBank bank, float[] clean, int before) {
    var sde = e.sde();
    int[] ts = sde.inversionTimesteps();
    var states = new ArrayList<float[]>();
    var x = clean;
    for (int i = 0; i < ts.length; i++) {
      var slots = bank == null ? SiteBank.Slots.NONE : bank.from(i);
      var output = denoiser.predict(x, new int[] {ts[i]}, slots);
      x = sde.invertOde(ts[i], x, sde.schedule().epsilon(ts[i], x, output));
      states.add(x);
      observe(e, "invert", before + i, "latent", x);
      e.progress().advance(before + i + 1, 2 * ts.length);
    }
    return states;
  }

  private interface Solver {
    float[] step(int t, float[] x, float[] epsilon);
  }

  /**
   * The way back: paste, keep what must not change, predict with the original's keys and values.
   */
  private float[] denoise(
      Editing e, SiteBank bank, float[] x, ArrayDeque<float[]> visited, int[] from, Solver solver) {
    CycleSde sde = e.sde();
    int[] ts = sde.denoisingTimesteps();
    int stop =
        switch (options.copy()) {
          case AS_RELEASED -> 0;
          case STOP_AT_END -> (int) (options.end() * sde.schedule().trainTimesteps());
        };
    e.progress().phase("edit", ts.length);
    try (var network = new Network(e, bank)) {
      for (int k = 0; k < ts.length; k++) {
        var h = visited.removeLast();
        if (ts[k] >= stop) {
          if (options.fill() == Fill.NEIGHBOURS) {
            e.grid().copyCells(h, e.neighbourCells(), x, e.vacatedCells());
          }
          e.paste(k, h, from, x, e.targetCells());
        }
        x = e.grid().select(e.editable(), x, h);
        observe(e, "denoise", k, "in", x);
        var epsilon = network.epsilon(k, ts, x);
        x = solver.step(ts[k], x, epsilon);
        observe(e, "denoise", k, "out", x);
        e.progress().advance(k + 1, ts.length);
      }
    }
    return x;
  }

  /** The denoiser of the way back: with the original's keys and values in some steps. */
  private final class Network implements AutoCloseable {
    private final Editing e;
    private final SiteBank bank;
    private boolean injecting;
    private @Nullable Denoiser prompted;
    private @Nullable Denoiser negative;

    Network(Editing e, SiteBank bank) {
      this.e = e;
      this.bank = bank;
    }

    /** The noise in {@code x}, drawn away from what the negative prompt makes of it. */
    float[] epsilon(int step, int[] ts, float[] x) {
      boolean inject = options.injection().isAt(step);
      if (prompted == null || inject != injecting) {
        close();
        injecting = inject;
        prompted = e.denoiser(hook(), 1);
        negative = options.guidance() == 1 ? null : e.negativeDenoiser(hook());
      }
      var slots = inject ? bank.from(ts.length - 1 - step) : SiteBank.Slots.NONE;
      int[] at = {ts[step]};
      var output = prompted.predict(x, at, slots);
      if (negative != null) {
        var away = negative.predict(x, at, slots);
        for (int i = 0; i < output.length; i++) {
          output[i] = (float) (away[i] + options.guidance() * (output[i] - away[i]));
        }
      }
      return e.sde().schedule().epsilon(ts[step], x, output);
    }

    private Hook hook() {
      return injecting ? options.injection().hook() : Hook.NONE;
    }

    @Override
    public void close() {
      if (prompted != null) {
        prompted.close();
        prompted = null;
      }
      if (negative != null) {
        negative.close();
        negative = null;
      }
    }
  }

  private float[] handleNoised(Editing e, float[] latent, int[]... cells) {
    var x = latent.clone();
    int[] at = Arrays.stream(cells).flatMapToInt(Arrays::stream).toArray();
    var noise = e.noise().draw(Math.multiplyExact(e.grid().channels(), at.length));
    e.grid().addHandleNoise(x, at, noise, handleNoise);
    if (options.fill() == Fill.NOISE) {
      int[] vacated = e.vacatedCells();
      var alone = e.noise().draw(Math.multiplyExact(e.grid().channels(), vacated.length));
      e.grid().addHandleNoise(x, vacated, alone, 1);
    }
    return x;
  }

  private static void observe(Editing e, String pass, int i, String what, float[] latent) {
    e.observe(String.format(Locale.ROOT, "%s.%02d.%s", pass, i, what), latent);
  }

  private static float[] join(List<float[]> latents) {
    int n = latents.getFirst().length;
    var all = new float[Math.multiplyExact(n, latents.size())];
    for (int i = 0; i < latents.size(); i++) {
      System.arraycopy(latents.get(i), 0, all, i * n, n);
    }
    return all;
  }

  private static float[] slice(float[] batch, int i, int size) {
    return Arrays.copyOfRange(batch, i * size, (i + 1) * size);
  }
}
