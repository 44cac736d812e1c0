package org.drag4j.method;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.drag4j.document.Format;
import org.drag4j.document.LongPrompt;
import org.drag4j.document.Setting;
import org.drag4j.document.Settings;
import org.drag4j.document.StepRange;
import org.drag4j.geometry.Border;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.Overlap;
import org.drag4j.geometry.Pairing;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.graph.Hook;
import org.drag4j.picture.Levels;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Denoiser;
import org.drag4j.pipeline.ModelShape;
import org.drag4j.pipeline.Scope;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.CycleSde;
import org.drag4j.schedule.Guidance;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.tensor.WeightMismatchException;
import org.jspecify.annotations.Nullable;

/**
 * RegionDrag (Lu, Li and Han, ECCV 2024): copies latent cells, and the keys and values of every
 * self-attention, from a noising trajectory of the original into the denoising of the edit.
 *
 * @param steps denoising steps of the whole schedule
 * @param start the part of the schedule that is inverted and denoised again
 * @param end the part of the noise range below which nothing is copied, if {@code copy} says so
 * @param copy how long cells are copied
 * @param handleNoise deviation of the noise put on the handle's cells once, before denoising
 * @param variant in which order copying and encoding happen
 * @param layers which self-attentions get the original's keys and values: {@value Injection#ALL},
 *     {@value Injection#DECODER} or a module path in which {@code *} stands for anything
 * @param injectSteps the steps of the way back that get them
 * @param injectStrength 1 replaces the edit's own keys and values, 0 leaves them
 * @param fill what becomes of vacated cells
 * @param overlap which of several drags gets a cell
 * @param border what becomes of regions that hang over the picture's border
 * @param pairing which latent cell is copied to which
 * @param guidance weight of the prompt on the way back; 1 leaves the negative prompt out
 * @param negativePrompt what the picture does not show
 * @param faithful whether everything is as released: no composite without a mask, no window, cells
 *     not clamped to the picture, output truncated
 * @param batched whether the inversion of "Encode then CP" runs as one batch, or as few as device
 *     memory allows: its UNet calls do not depend on each other
 */
public record RegionDrag(
    @Setting(
            help = "denoising steps of the whole schedule; `start` says how many of them are done",
            standard = "20",
            least = 1,
            most = 999,
            label = "Steps")
        int steps,
    @Setting(
            help =
                "how far into the noise the picture is taken: the part of the steps that goes out"
                    + " and comes back",
            standard = "0.3",
            format1 = "0.5",
            faithful = "0.5",
            most = 1,
            form = "less than all steps",
            label = "Denoising strength")
        double start,
    @Setting(
            help =
                "with `copy` `stop-at-end`: the part of the noise range below which nothing is"
                    + " copied any more",
            standard = "0.2",
            most = 1)
        double end,
    @Setting(
            help =
                "cells are copied in every step, as the released code does, or only down to `end`",
            standard = "as-released")
        Copy copy,
    @Setting(
            help =
                "how much noise takes the place of what the handle leaves behind: 0 none, 1 all,"
                    + " above 1 more than there should be",
            standard = "1",
            most = 10,
            label = "Handle noise")
        double handleNoise,
    @Setting(
            help = "copy cells of the noised picture; or copy pixels first, then noise that",
            standard = "encode-then-cp",
            label = "Sampler")
        Variant variant,
    @Setting(
            help =
                "self-attentions that use the original's keys and values, for example"
                    + " `up_blocks.1.*`",
            standard = Injection.ALL,
            most = 200,
            pattern = "[A-Za-z0-9_.*]+",
            form = "\"all\", \"decoder\" or a module path with *",
            remedy = "write for example up_blocks.1.*")
        String layers,
    @Setting(
            help = "steps of the way back that do so: the first, and the one behind the last",
            standard = "[0, 1000]",
            most = 1000)
        StepRange injectSteps,
    @Setting(
            help = "1 replaces the edit's own keys and values, less mixes them, 0 leaves them",
            standard = "1",
            most = 1)
        double injectStrength,
    @Setting(
            help =
                "what cells the handle leaves start from: what they have, noise alone, copies of"
                    + " the nearest cells around, or what goes over smoothly from one side to the"
                    + " other",
            standard = "smooth",
            format1 = "none",
            faithful = "none")
        Fill fill,
    @Setting(
            help =
                "who gets a cell that several drags go to: the last of them, or the one whose"
                    + " target's middle is nearest",
            standard = "later-wins")
        Overlap overlap,
    @Setting(
            help =
                "regions that hang over the picture's border: what is outside is cut off, or all of"
                    + " it is squeezed into what is inside, as the released code does",
            standard = "cut",
            format1 = "squeezed",
            since = Format.V2,
            faithful = "squeezed")
        Border border,
    @Setting(
            help =
                "`nearest`: a target cell gets the cell that its middle comes from, and the decoded"
                    + " picture is shifted by what is left of the move; `as-released`: the drag is"
                    + " mapped anew on the grid of cells",
            standard = "nearest",
            format1 = "as-released",
            since = Format.V2,
            faithful = "as-released")
        Pairing pairing,
    @Setting(
            help =
                "weight of the prompt on the way back; anything but 1 doubles the work of that"
                    + " half",
            standard = "1",
            most = 100,
            label = "CFG scale")
        double guidance,
    @Setting(
            help = "what the picture does not show; counts only with a `guidance` other than 1",
            label = "Negative prompt")
        String negativePrompt,
    @Setting(
            help =
                "everything as released: the whole picture comes from the model unless there is a"
                    + " mask, no window, cells not clamped to the picture, values truncated",
            standard = "false")
        boolean faithful,
    @Setting(
            help =
                "whether the UNet calls of the inversion run as one batch: same method, more"
                    + " memory, last bits may differ",
            standard = "false")
        boolean batched)
    implements EditMethod {
  private static final String STATE = "state";
  private static final String NOISE = "noise";

  /** Checks parameters against each other. */
  public RegionDrag {
    if ((int) (start * steps) >= steps) {
      throw new EditDocumentException(
          "start",
          "less than all steps",
          start + " of " + steps + " steps",
          "choose a smaller value or more steps");
    }
  }

  /** The method as it is released. */
  public static RegionDrag released(
      Variant variant, int steps, double start, double handleNoise, boolean batched) {
    var settings = Settings.of(RegionDrag.class);
    return settings.with(
        settings.defaults(Format.V1),
        Map.of(
            "variant",
            variant,
            "steps",
            steps,
            "start",
            start,
            "handleNoise",
            handleNoise,
            "batched",
            batched));
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
    NEIGHBOURS,
    /** They go over smoothly from one side to the other; their noise stays. */
    SMOOTH
  }

  /** In which order copying and encoding happen. */
  public enum Variant {
    /** The picture is inverted with fresh noise; latent cells are copied. The paper's method. */
    ENCODE_THEN_CP,
    /** The picture with pixels already copied is inverted without noise; its cells are copied. */
    CP_THEN_ENCODE
  }

  /**
   * Which latent cells are copied where. Cells are numbered {@code y * columns + x}.
   *
   * @param source cells copied from, one a pair
   * @param target cells copied to, one a pair
   * @param targetBorder border points of the target cells, whose number "CP then Encode" needs
   * @param editable which cells may change
   * @param vacated cells of the handles that nothing is copied to
   * @param neighbours as many cells outside handles and targets, the nearest of each vacated one
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Cells(
      int[] source,
      int[] target,
      int[] targetBorder,
      boolean[] editable,
      int[] vacated,
      int[] neighbours) {
    /** The cells of a mapping that leaves none vacated. */
    public static Cells of(Mapping pairs, LatentGrid grid, boolean[] editable) {
      return of(pairs, grid, editable, RegionMask.none(grid.width(), grid.height()));
    }

    private static Cells of(
        Mapping pairs, LatentGrid grid, boolean[] editable, RegionMask handles) {
      int columns = grid.width();
      int rows = grid.height();
      var targets = pairs.clamped(columns, rows).targets(columns, rows);
      var vacated = handles.without(targets);
      return new Cells(
          pairs.sourceCells(columns, rows),
          pairs.targetCells(columns, rows),
          pairs.targetBorderCells(columns, rows),
          editable,
          vacated.pixels(),
          vacated.nearestOutside(handles.union(targets)));
    }
  }

  /** All that an inversion depends on beside model and device. */
  private record Inversion(
      Given given,
      int steps,
      double start,
      Variant variant,
      String layers,
      boolean batched,
      String padding) {}

  @Override
  public void check(Task task, ModelShape model) {
    if (model.factor() != RegionMask.CELL) {
      throw new WeightMismatchException(
          "vae: expected %d pixels to a latent cell, got %d; RegionDrag is defined for these"
              .formatted(RegionMask.CELL, model.factor()));
    }
    var _ = pairs(task).cells();
  }

  @Override
  public List<String> warnings(Task task) {
    var warnings = new ArrayList<>(EditMethod.super.warnings(task));
    if ((int) (start * steps) == 0) {
      warnings.add(
          "method.start: %s of %d steps is none, so nothing is denoised; choose more steps or a larger part"
              .formatted(start, steps));
    }
    if (variant == Variant.ENCODE_THEN_CP) {
      warnings.addAll(
          Warnings.turned(
              task,
              "cells are copied as they are, neither turned nor scaled, which tears what they show;"
                  + " set method.variant=cp-then-encode"));
    }
    if (guidance == 1 && !negativePrompt.isEmpty()) {
      warnings.add(
          "method.negativePrompt: has no effect with a guidance of 1; set method.guidance higher");
    }
    return warnings;
  }

  private Task.Merged pairs(Task task) {
    return task.merged(overlap);
  }

  @Override
  public Finish finish() {
    return faithful ? Finish.PLAIN : Finish.DEFAULT;
  }

  @Override
  public Preview.Detail detail() {
    boolean wholeCells = variant == Variant.ENCODE_THEN_CP && pairing == Pairing.AS_RELEASED;
    return wholeCells ? Preview.Detail.CELLS : Preview.Detail.PIXELS;
  }

  @Override
  public List<Record> keeps(Given given) {
    // In chunks, the prompt's context is as long as the longer of the two needs.
    boolean padded = given.longPrompt() == LongPrompt.CHUNKS && guidance != 1;
    return List.of(
        new Inversion(given, steps, start, variant, layers, batched, padded ? negativePrompt : ""));
  }

  @Override
  public Result edit(Session s) {
    var task = s.task();
    var pairs = pairs(task).cells();
    int columns = task.view().columns();
    int rows = task.view().rows();
    var cells =
        Cells.of(
            faithful ? pairs : pairs.clamped(columns, rows),
            s.grid(),
            editable(task),
            task.handles());
    var edited = edit(s, cells, () -> copied(task, s.picture()));
    boolean wholeCells = variant == Variant.ENCODE_THEN_CP && pairing == Pairing.NEAREST;
    return new Result.Latent(
        edited,
        pairs(task).pixels(),
        wholeCells
            ? Optional.of(new Result.Copied(pairs(task).pixels(task.view()), pairs(task).spread()))
            : Optional.empty());
  }

  /** The picture with pixels copied, and vacated ones as {@code fill} wants them. */
  private Picture copied(Task task, Picture picture) {
    var pairs = pairs(task).pixels(task.view());
    var copied = pairs.copy(picture);
    if (fill != Fill.SMOOTH) {
      return copied;
    }
    var targets = pairs.targets(picture.width(), picture.height());
    return Levels.of(copied).filled(task.handles(task.view()).without(targets)).picture();
  }

  /**
   * The latent of the edited picture.
   *
   * @param copied the picture with pixels already copied, which "CP then Encode" encodes as well
   */
  public float[] edit(Session s, Cells cells, Supplier<Picture> copied) {
    s.progress().phase("encode", 1);
    var contexts = guidance == 1 ? s.text(s.prompt()) : s.text(s.prompt(), negativePrompt);
    var source = s.sample(s.picture());
    s.observe("clean.0", source);
    return switch (variant) {
      case ENCODE_THEN_CP -> {
        s.progress().advance(1, 1);
        yield new Run(s, cells, contexts).encodeThenCp(source);
      }
      case CP_THEN_ENCODE -> {
        var preview = s.sample(copied.get());
        s.observe("clean.1", preview);
        s.progress().advance(1, 1);
        yield new Run(s, cells, contexts).cpThenEncode(source, preview);
      }
    };
  }

  /** One edit. */
  private final class Run {
    private final Session s;
    private final Cells cells;
    private final List<float[]> contexts;
    private final LatentGrid grid;
    private final CycleSde sde;

    Run(Session s, Cells cells, List<float[]> contexts) {
      this.s = s;
      this.cells = cells;
      this.contexts = contexts;
      grid = s.grid();
      sde = CycleSde.of(s.scheduler(), steps, start);
    }

    float[] encodeThenCp(float[] source) {
      int inverted = sde.inversionTimesteps().length;
      if (inverted == 0) {
        return handleNoised(source, cells.source());
      }
      var inversion = inversion(source, () -> invertSde(source));
      var states = inversion.list(STATE);
      var stored = new ArrayDeque<>(inversion.list(NOISE));
      return denoise(
          inversion.bank().orElseThrow(),
          handleNoised(states.getLast(), cells.source()),
          new ArrayDeque<>(states.subList(1, inverted + 1)),
          cells.source(),
          source,
          (t, z, epsilon) -> sde.sample(t, z, epsilon, stored.removeLast()));
    }

    private Kept.Values inversion(float[] source, Supplier<Kept.Values> make) {
      return s.kept().get(keeps(s.given()).getFirst(), make, source, contexts.getFirst());
    }

    /** The way out with fresh noise; the clean latent is the first of the states. */
    private Kept.Values invertSde(float[] source) {
      int[] ts = sde.inversionTimesteps();
      int inverted = ts.length;
      // The states do not depend on the network, so all can be drawn before its first call.
      var states = new ArrayList<float[]>();
      states.add(source);
      for (int i = 0; i < inverted; i++) {
        var noise = grid.fromNchw(s.noise().draw(grid.size()));
        states.add(sde.addNoise(ts[i], states.get(i), noise));
        observe("invert", i, "latent", states.get(i + 1));
      }
      var stored = new ArrayList<float[]>();
      int batch = batched ? chunk(inverted, fitting(inverted)) : 1;
      s.progress().phase("invert", inverted);
      try (var capturing = capturing(batch)) {
        var bank = s.models().bank(capturing.program(), inverted);
        try {
          while (stored.size() < inverted) {
            // The last call, if it would be a smaller one, does some steps again.
            int i = Math.min(stored.size(), inverted - batch);
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
              observe("invert", i + k, "noise", stored.getLast());
            }
            s.progress().advance(stored.size(), inverted);
          }
          return values(states, stored, bank);
        } catch (RuntimeException | Error failure) {
          bank.close();
          throw failure;
        }
      }
    }

    float[] cpThenEncode(float[] source, float[] preview) {
      int inverted = sde.inversionTimesteps().length;
      if (inverted == 0) {
        return handleNoised(source, cells.targetBorder(), cells.source());
      }
      s.progress().phase("invert", 2 * inverted);
      List<float[]> previews;
      try (var plain = denoiser(1, _ -> Hook.NONE)) {
        previews = invertOde(plain, null, preview, 0);
      }
      var inversion = inversion(source, () -> invertOriginal(source, inverted));
      // Every border point is a target and pasted over at once; only their number of draws counts.
      var x = handleNoised(inversion.list(STATE).getLast(), cells.targetBorder(), cells.source());
      return denoise(
          inversion.bank().orElseThrow(),
          x,
          new ArrayDeque<>(previews),
          cells.target(),
          preview,
          (t, z, epsilon) -> {
            var next = sde.sampleOde(t, z, epsilon);
            // Drawn by the released code and not used; the next draw must come after it.
            s.noise().draw(grid.size());
            return next;
          });
    }

    private Kept.Values invertOriginal(float[] source, int inverted) {
      try (var capturing = capturing(1)) {
        var bank = s.models().bank(capturing.program(), inverted);
        try {
          return values(invertOde(capturing, bank, source, inverted), List.of(), bank);
        } catch (RuntimeException | Error failure) {
          bank.close();
          throw failure;
        }
      }
    }

    private Denoiser denoiser(int batch, Function<Scope, Hook> hook) {
      var same = Collections.nCopies(batch, contexts.getFirst());
      return Denoiser.compile(s.models(), grid, same, hook);
    }

    private int fitting(int most) {
      return s.models()
          .fitting(
              batch -> {
                var same = Collections.nCopies(batch, contexts.getFirst());
                return Denoiser.build(s.models(), grid, same, _ -> Injection.capture(layers));
              },
              most);
    }

    private Denoiser capturing(int batch) {
      var capturing = denoiser(batch, _ -> Injection.capture(layers));
      if (capturing.sites().isEmpty()) {
        capturing.close();
        throw new IllegalArgumentException(
            "method.layers: expected \"all\", \"decoder\" or the path of a self-attention, got \""
                + layers
                + "\", which matches none of the model; write for example up_blocks.1.*");
      }
      return capturing;
    }

    /**
     * The states after each step out, without noise; keys and values go to the bank if there is
     * one.
     */
    private List<float[]> invertOde(
        Denoiser denoiser, @Nullable SiteBank bank, float[] clean, int before) {
      int[] ts = sde.inversionTimesteps();
      var states = new ArrayList<float[]>();
      var x = clean;
      for (int i = 0; i < ts.length; i++) {
        var slots = bank == null ? SiteBank.Slots.NONE : bank.from(i);
        var output = denoiser.predict(x, new int[] {ts[i]}, slots);
        x = sde.invertOde(ts[i], x, sde.schedule().epsilon(ts[i], x, output));
        states.add(x);
        observe("invert", before + i, "latent", x);
        s.progress().advance(before + i + 1, 2 * ts.length);
      }
      return states;
    }

    /**
     * The way back: paste, keep what must not change, predict with the original's keys and values.
     *
     * @param clean the latent that the visited states come from
     */
    private float[] denoise(
        SiteBank bank,
        float[] x,
        ArrayDeque<float[]> visited,
        int[] from,
        float[] clean,
        Solver solver) {
      int[] ts = sde.denoisingTimesteps();
      int stop =
          switch (copy) {
            case AS_RELEASED -> 0;
            case STOP_AT_END -> (int) (end * sde.schedule().trainTimesteps());
          };
      float[] other =
          switch (variant) {
            case ENCODE_THEN_CP -> fill == Fill.SMOOTH ? smoothed(clean, from) : clean;
            // What was encoded is smooth already.
            case CP_THEN_ENCODE -> clean;
          };
      s.progress().phase("edit", ts.length);
      try (var network = new Guided(this, bank)) {
        for (int k = 0; k < ts.length; k++) {
          var h = visited.removeLast();
          if (ts[k] >= stop) {
            if (fill == Fill.NEIGHBOURS) {
              grid.copyCells(h, cells.neighbours(), x, cells.vacated());
            }
            if (fill == Fill.SMOOTH) {
              var content = sde.schedule().withContent(ts[k], h, clean, other);
              grid.copyCells(content, cells.vacated(), x, cells.vacated());
            }
            grid.copyCells(h, from, x, cells.target());
          }
          x = grid.select(cells.editable(), x, h);
          observe("denoise", k, "in", x);
          var epsilon = network.epsilon(k, ts, x);
          x = solver.step(ts[k], x, epsilon);
          observe("denoise", k, "out", x);
          s.show(x, k + 1, ts.length);
          s.progress().advance(k + 1, ts.length);
        }
      }
      return x;
    }

    /** The clean latent with cells copied, and vacated ones between what is around them then. */
    private float[] smoothed(float[] clean, int[] from) {
      var pasted = clean.clone();
      grid.copyCells(clean, from, pasted, cells.target());
      byte[] vacated = new byte[grid.cells()];
      for (int cell : cells.vacated()) {
        vacated[cell] = 1;
      }
      return new Levels(grid.width(), grid.height(), grid.channels(), pasted)
          .filled(RegionMask.of(grid.width(), grid.height(), vacated))
          .values();
    }

    private float[] handleNoised(float[] latent, int[]... where) {
      var x = latent.clone();
      int[] at = Arrays.stream(where).flatMapToInt(Arrays::stream).toArray();
      var noise = s.noise().draw(Math.multiplyExact(grid.channels(), at.length));
      addNoise(grid, x, at, noise, handleNoise);
      if (fill == Fill.NOISE) {
        int[] vacated = cells.vacated();
        var alone = s.noise().draw(Math.multiplyExact(grid.channels(), vacated.length));
        addNoise(grid, x, vacated, alone, 1);
      }
      return x;
    }

    private void observe(String pass, int i, String what, float[] latent) {
      s.observe(String.format(Locale.ROOT, "%s.%02d.%s", pass, i, what), latent);
    }
  }

  private interface Solver {
    float[] step(int t, float[] x, float[] epsilon);
  }

  /** The denoiser of the way back: with the original's keys and values in some steps. */
  private final class Guided implements AutoCloseable {
    private final Injection injection =
        new Injection(layers, injectSteps.first(), injectSteps.end(), injectStrength);
    private final Run run;
    private final SiteBank bank;
    private boolean injecting;
    private @Nullable Denoiser prompted;
    private @Nullable Denoiser negative;

    Guided(Run run, SiteBank bank) {
      this.run = run;
      this.bank = bank;
    }

    /** The noise in {@code x}, drawn away from what the negative prompt makes of it. */
    float[] epsilon(int step, int[] ts, float[] x) {
      boolean inject = injection.isAt(step);
      if (prompted == null || inject != injecting) {
        close();
        injecting = inject;
        prompted = denoiser(run.contexts.getFirst());
        negative = guidance == 1 ? null : denoiser(run.contexts.getLast());
      }
      var slots = inject ? bank.from(ts.length - 1 - step) : SiteBank.Slots.NONE;
      int[] at = {ts[step]};
      var output = prompted.predict(x, at, slots);
      if (negative != null) {
        output = Guidance.of(negative.predict(x, at, slots), output, guidance);
      }
      return run.sde.schedule().epsilon(ts[step], x, output);
    }

    private Denoiser denoiser(float[] context) {
      return Denoiser.compile(
          run.s.models(),
          run.grid,
          List.of(context),
          scope -> injecting ? injection.hook(scope) : Hook.NONE);
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

  private static Kept.Values values(List<float[]> states, List<float[]> noise, SiteBank bank) {
    var lists = new LinkedHashMap<String, List<float[]>>();
    lists.put(STATE, states);
    lists.put(NOISE, noise);
    return Kept.Values.of(lists, bank);
  }

  /**
   * Noise on the handle's cells: {@code x[cell] = x[cell] * a + noise * scale} with {@code a =
   * sqrt(1 - scale^2)}, 0 from scale 1 on. All values are read before any is written.
   *
   * @param x the latent, changed in place
   * @param at one cell per column of {@code noise}; repeats allowed
   * @param noise {@code [channels, at.length]}, channel by channel as the Python tools draw it
   * @param scale at least 0; above 1 the result is over-dispersed
   */
  public static void addNoise(LatentGrid grid, float[] x, int[] at, float[] noise, double scale) {
    int channels = grid.channels();
    if (x.length != grid.size() || noise.length != channels * at.length) {
      throw new IllegalArgumentException(
          "handle noise: expected %d values of a latent and %d a cell, got %d and %d of %d cells"
              .formatted(grid.size(), channels, x.length, noise.length, at.length));
    }
    if (!(scale >= 0 && scale <= 100)) {
      throw new IllegalArgumentException(
          "noise scale: expected 0 to 100, got " + scale + "; choose another value");
    }
    float keep = scale < 1 ? (float) Math.sqrt(1 - scale * scale) : 0f;
    float add = (float) scale;
    float[] before = x.clone();
    for (int j = 0; j < at.length; j++) {
      for (int c = 0; c < channels; c++) {
        int i = at[j] * channels + c;
        x[i] = before[i] * keep + noise[c * at.length + j] * add;
      }
    }
  }

  /** Splits {@code steps} into the fewest equal batches of at most {@code fitting}. */
  private static int chunk(int steps, int fitting) {
    return Math.ceilDiv(steps, Math.ceilDiv(steps, fitting));
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
