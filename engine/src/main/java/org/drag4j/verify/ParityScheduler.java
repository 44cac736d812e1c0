package org.drag4j.verify;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.drag4j.document.LongPrompt;
import org.drag4j.pipeline.Denoiser;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.schedule.Ddim;
import org.drag4j.schedule.DpmSolverPlusPlus;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.NoiseSchedule;
import org.drag4j.schedule.SchedulerConfig;
import org.drag4j.schedule.Timesteps;
import org.drag4j.session.TextToImage;
import org.drag4j.tensor.ChannelsLast;
import org.drag4j.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** The noise table, timestep tables, and chains of DDIM and DPM-Solver++ 2M steps. */
record ParityScheduler(Pipeline pipeline, ParityTolerance tolerance, ParityRows rows) {
  private static final String ALPHAS = "alphas_cumprod";
  private static final double GUIDANCE = 2;

  /** Which of the recorded texts condition the chains. */
  private static final int CONDITIONAL = 1;

  private static final int UNCONDITIONAL = 2;

  /** The solvers of the recorded chains, by the prefix of their tensors. */
  private enum Chain {
    DDIM("ddim", "ddim"),
    DPMPP2M("dpmpp2m", "dpm");

    final String prefix;
    final String tables;

    Chain(String prefix, String tables) {
      this.prefix = prefix;
      this.tables = tables;
    }

    String step(int i) {
      return String.format(Locale.ROOT, "%s.step.%02d.", prefix, i);
    }

    int[] timesteps(SchedulerConfig config, int steps) {
      return this == DDIM ? Timesteps.ddim(config, steps) : Timesteps.dpmSolver(config, steps);
    }
  }

  /**
   * Compares everything in the file.
   *
   * @param texts the recorded texts; without them no chain can run by itself
   */
  void check(ParityFile file, List<String> texts) {
    var schedule = NoiseSchedule.of(pipeline.scheduler());
    rows.close(
        file,
        ALPHAS,
        Shape.of(schedule.trainTimesteps()),
        schedule.alphasCumprod(),
        ParityTolerance.TABLE);
    for (var chain : Chain.values()) {
      var tables = chain.tables + ".timesteps.";
      for (var name : file.names().stream().sorted().toList()) {
        if (name.startsWith(tables)) {
          table(file, name, chain, name.substring(tables.length()));
        }
      }
    }
    for (var chain : Chain.values()) {
      if (file.names().stream().anyMatch(n -> n.startsWith(chain.prefix + ".step."))) {
        chain(file, chain, texts);
      }
    }
  }

  private void table(ParityFile file, String name, Chain chain, String steps) {
    try {
      int[] table = chain.timesteps(pipeline.scheduler(), Integer.parseInt(steps));
      rows.equal(file, name, Shape.of(table.length), table);
    } catch (IllegalArgumentException e) {
      rows.fail(file, name, 0, String.valueOf(e.getMessage()));
    }
  }

  private void chain(ParityFile file, Chain chain, List<String> texts) {
    var p = chain.prefix;
    int steps = 0;
    for (var name : file.names()) {
      if (name.startsWith(p + ".step.") && name.endsWith(".out")) {
        steps++;
      }
    }
    var init = file.has(p + ".init") ? p + ".init" : Chain.DDIM.prefix + ".init";
    if (!rows.present(file, init, 0)) {
      return;
    }
    int channels = pipeline.shape().latentChannels();
    var shape = file.shape(init);
    if (!file.hasRank(init, 4) || shape.dim(0) != 1 || shape.dim(1) != channels) {
      rows.fail(file, init, 0, "expected [1, %d, h, w], got %s".formatted(channels, shape));
      return;
    }
    if (file.has(p + ".timesteps")) {
      steps = Math.toIntExact(file.shape(p + ".timesteps").size());
    }
    try {
      int[] timesteps = chain.timesteps(config(), steps);
      rows.equal(file, p + ".timesteps", Shape.of(steps), timesteps);
      run(
          file,
          chain,
          timesteps,
          new LatentGrid(shape.dim(2), shape.dim(3), channels),
          init,
          texts);
    } catch (IllegalArgumentException e) {
      rows.fail(file, p + ".timesteps", 0, String.valueOf(e.getMessage()));
    }
  }

  /** The recorded chains end at the table's first alpha, whatever the model's file says. */
  private SchedulerConfig config() {
    var c = pipeline.scheduler();
    return new SchedulerConfig(
        c.numTrainTimesteps(),
        c.betaStart(),
        c.betaEnd(),
        c.betaSchedule(),
        c.predictionType(),
        c.timestepSpacing(),
        c.stepsOffset(),
        false);
  }

  private void run(
      ParityFile file,
      Chain chain,
      int[] timesteps,
      LatentGrid grid,
      String init,
      List<String> texts) {
    var solver = new Solver(chain, config(), timesteps);
    boolean runs = texts.size() > Math.max(CONDITIONAL, UNCONDITIONAL);
    if (!runs) {
      rows.skip(
          file.fileName()
              + ": the free-running chain "
              + chain.prefix
              + ": its texts are those of text.safetensors, which is not there");
    }
    try (var denoiser = runs ? denoiser(grid, texts) : null) {
      var x = grid.fromNchw(file.floats(init));
      float @Nullable [] previous = null;
      for (int i = 0; i < timesteps.length; i++) {
        var step = chain.step(i);
        if (denoiser != null) {
          latent(file, step + "in", grid, x, tolerance.chain());
          var output = TextToImage.guided(denoiser, x, timesteps[i], GUIDANCE);
          latent(file, step + "model_output", grid, output, tolerance.guidedOutput());
          var next = solver.step(i, x, output, previous);
          previous = solver.x0(i, x, output);
          x = next;
        }
        step(file, chain, grid, i, solver);
      }
      if (denoiser != null) {
        latent(file, chain.prefix + ".final", grid, x, tolerance.chain());
        if (chain == Chain.DDIM || file.has(chain.prefix + ".image")) {
          image(file, chain.prefix + ".image", grid, x);
        }
      }
    }
  }

  private Denoiser denoiser(LatentGrid grid, List<String> texts) {
    var contexts =
        pipeline.text(List.of(texts.get(UNCONDITIONAL), texts.get(CONDITIONAL)), LongPrompt.CUT);
    return Denoiser.compile(pipeline, grid, contexts);
  }

  /** One step fed the recorded latents and predictions. */
  private void step(ParityFile file, Chain chain, LatentGrid grid, int i, Solver solver) {
    var out = chain.step(i) + "out";
    var x = recorded(file, chain.step(i) + "in", grid);
    var output = recorded(file, chain.step(i) + "model_output", grid);
    Optional<float[]> previous = Optional.empty();
    if (solver.looksBack(i)) {
      var from = chain.step(i - 1);
      previous =
          recorded(file, from + "in", grid)
              .flatMap(before ->
                  recorded(file, from + "model_output", grid)
                      .map(o -> solver.x0(i - 1, before, o)));
    }
    if (x.isPresent() && output.isPresent() && previous.isPresent() == solver.looksBack(i)) {
      var next = solver.step(i, x.get(), output.get(), previous.orElse(null));
      latent(file, out, grid, next, ParityTolerance.STEP);
    } else {
      rows.fail(
          file,
          out,
          ParityTolerance.STEP,
          "cannot be fed: a latent or prediction is missing or of another shape");
    }
  }

  private static Optional<float[]> recorded(ParityFile file, String name, LatentGrid grid) {
    return file.has(name) && file.shape(name).equals(shape(grid))
        ? Optional.of(grid.fromNchw(file.floats(name)))
        : Optional.empty();
  }

  private void latent(
      ParityFile file, String name, LatentGrid grid, float[] values, double allowed) {
    rows.close(file, name, shape(grid), grid.toNchw(values), allowed);
  }

  private void image(ParityFile file, String name, LatentGrid grid, float[] x) {
    int factor = pipeline.shape().factor();
    var shape = Shape.of(1, factor * grid.height(), factor * grid.width(), 3);
    rows.close(
        file,
        name,
        ChannelsLast.channelsFirst(shape),
        ChannelsLast.toChannelsFirst(pipeline.decode(x, grid), shape),
        tolerance.chainImage());
  }

  private static Shape shape(LatentGrid grid) {
    return Shape.of(1, grid.channels(), grid.height(), grid.width());
  }

  /** One of the solvers, for one table of timesteps. */
  private static final class Solver {
    private final Chain chain;
    private final int[] timesteps;
    private final Ddim ddim;
    private final DpmSolverPlusPlus dpm;

    Solver(Chain chain, SchedulerConfig config, int[] timesteps) {
      this.chain = chain;
      this.timesteps = timesteps;
      this.ddim = Ddim.of(config, timesteps.length);
      this.dpm = DpmSolverPlusPlus.of(config, timesteps.length);
    }

    /** Whether a step needs the clean prediction of the step before. */
    boolean looksBack(int i) {
      return chain == Chain.DPMPP2M && i > 0;
    }

    float[] x0(int i, float[] x, float[] output) {
      return dpm.x0(i, x, output);
    }

    float[] step(int i, float[] x, float[] output, float @Nullable [] previousX0) {
      return chain == Chain.DDIM
          ? ddim.step(timesteps[i], x, output)
          : dpm.step(i, x, dpm.x0(i, x, output), previousX0);
    }
  }
}
