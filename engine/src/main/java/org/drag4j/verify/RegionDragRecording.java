package org.drag4j.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.RegionDrag;
import org.drag4j.picture.Picture;
import org.drag4j.schedule.CycleSde;
import org.drag4j.schedule.PredictionType;
import org.drag4j.schedule.SchedulerConfig;
import org.drag4j.schedule.TimestepSpacing;
import org.drag4j.weights.Config;
import org.drag4j.weights.ConfigException;

/** Recorded RegionDrag runs and region mappings. */
final class RegionDragRecording implements MethodRecording {
  private static final String IMAGE = "image";
  private static final String PREVIEW = "preview";
  private static final String AS_CONFIGURED = "as configured";

  /**
   * What the metadata say of one run.
   *
   * @param inverted timesteps of all inverting calls; empty where not recorded
   * @param denoised timesteps of all denoising calls; empty where not recorded
   */
  private record Run(
      String tag,
      RegionDrag method,
      SchedulerConfig scheduler,
      List<Double> inverted,
      List<Double> denoised) {
    /**
     * Reads a run; empty where its method is not RegionDrag's.
     *
     * @throws ConfigException where a value is missing or of another kind
     * @throws IllegalArgumentException for an unknown spacing
     */
    static Optional<Run> of(String tag, Config c, SchedulerConfig model, boolean batched) {
      var variant =
          switch (c.string("method")) {
            case "Encode then CP" -> Optional.of(RegionDrag.Variant.ENCODE_THEN_CP);
            case "CP then Encode" -> Optional.of(RegionDrag.Variant.CP_THEN_ENCODE);
            default -> Optional.<RegionDrag.Variant>empty();
          };
      var spacing = c.string("timestep_spacing", AS_CONFIGURED);
      return variant.map(v ->
          new Run(
              tag,
              RegionDrag.released(
                  v, c.integer("steps"), c.number("start_t"), c.number("noise_scale"), batched),
              released(model, spacing),
              c.has("invert_timesteps") ? c.numbers("invert_timesteps") : List.of(),
              c.has("denoise_timesteps") ? c.numbers("denoise_timesteps") : List.of()));
    }

    /** As released, which takes every network's output for the noise. */
    private static SchedulerConfig released(SchedulerConfig c, String spacing) {
      return new SchedulerConfig(
          c.numTrainTimesteps(),
          c.betaStart(),
          c.betaEnd(),
          c.betaSchedule(),
          PredictionType.EPSILON,
          spacing.equals(AS_CONFIGURED)
              ? c.timestepSpacing()
              : Optional.of(TimestepSpacing.of(spacing)),
          c.stepsOffset(),
          c.setAlphaToOne());
    }

    boolean copiesFirst() {
      return method.variant() == RegionDrag.Variant.CP_THEN_ENCODE;
    }

    /** What is wrong with the chain's timesteps; empty where they are the recorded ones. */
    Optional<String> difference() {
      CycleSde chain;
      try {
        chain = CycleSde.of(scheduler, method.steps(), method.start());
      } catch (IllegalArgumentException e) {
        return Optional.of(String.valueOf(e.getMessage()));
      }
      var out = new ArrayList<Double>();
      for (int pass = 0; pass < (copiesFirst() ? 2 : 1); pass++) {
        for (int t : chain.inversionTimesteps()) {
          out.add((double) t);
        }
      }
      var back = new ArrayList<Double>();
      for (int t : chain.denoisingTimesteps()) {
        back.add((double) t);
      }
      if (!inverted.isEmpty() && !inverted.equals(out)) {
        return Optional.of("expected timesteps " + inverted + " out, got " + out);
      }
      if (!denoised.isEmpty() && !denoised.equals(back)) {
        return Optional.of("expected timesteps " + denoised + " back, got " + back);
      }
      return Optional.empty();
    }

    /** Random tensors and latents in the order they come about, names without tag. */
    List<String> tensors() {
      int steps = (int) (method.start() * method.steps());
      var names = new ArrayList<String>();
      if (copiesFirst()) {
        names.addAll(List.of(noise(0), "clean.0", noise(1), "clean.1"));
        for (int i = 0; i < 2 * steps; i++) {
          names.add(RecordedRun.numbered("invert.%02d.latent", i));
        }
        names.add(noise(2));
      } else {
        names.addAll(List.of(noise(0), "clean.0"));
        for (int i = 0; i < steps; i++) {
          names.add(noise(i + 1));
          names.add(RecordedRun.numbered("invert.%02d.latent", i));
        }
        for (int i = 0; i < steps; i++) {
          names.add(RecordedRun.numbered("invert.%02d.noise", i));
        }
        names.add(noise(steps + 1));
      }
      for (int i = 0; i < steps; i++) {
        names.add(RecordedRun.numbered("denoise.%02d.in", i));
        if (copiesFirst()) {
          names.add(noise(i + 3));
        }
        names.add(RecordedRun.numbered("denoise.%02d.out", i));
      }
      names.add("final_latent");
      names.add("output");
      return names;
    }

    /** Name of the random tensor drawn as number {@code i}. */
    private String noise(int i) {
      boolean posterior = i < (copiesFirst() ? 2 : 1);
      return RecordedRun.numbered(posterior ? "noise.%02d.posterior" : "noise.%02d.randn_like", i);
    }
  }

  @Override
  public String stem() {
    return "regiondrag";
  }

  @Override
  public Map<String, String> unsupported() {
    return Map.of("regiondrag_ip.safetensors", "RegionDrag with IP-Adapter");
  }

  @Override
  public void check(ParityFile file, Replay replay) {
    new ParityMappings(replay.rows()).check(file);
    var meta = file.metadata("meta");
    if (meta.isEmpty()) {
      if (file.names().stream().anyMatch(n -> n.endsWith(".clean.0"))) {
        throw file.unexpected("metadata", "meta, which describes the runs", "none");
      }
      return;
    }
    try {
      var c = Config.parse(file.fileName() + ": meta", meta.get());
      var runs = c.object("runs").orElseThrow(() -> c.unexpected("runs", "an object of runs"));
      var prompt = c.string("prompt");
      long seed = RecordedRun.seed(c);
      boolean batched = replay.options().batchedInversion();
      for (var tag : runs.keys()) {
        var values = runs.object(tag).orElseThrow(() -> runs.unexpected(tag, "an object"));
        Run.of(tag, values, replay.pipeline().scheduler(), batched)
            .ifPresentOrElse(
                run -> check(file, replay, run, prompt, seed),
                () ->
                    replay
                        .rows()
                        .skip(
                            "%s: %s: method %s is not supported"
                                .formatted(file.fileName(), tag, values.string("method"))));
      }
    } catch (ConfigException | IllegalArgumentException e) {
      throw new ParityException(String.valueOf(e.getMessage()), e);
    }
  }

  private static void check(ParityFile file, Replay replay, Run run, String prompt, long seed) {
    int factor = replay.pipeline().shape().factor();
    if (file.hasRank(IMAGE, 3)
        && (file.shape(IMAGE).dim(0) % factor != 0 || file.shape(IMAGE).dim(1) % factor != 0)) {
      replay
          .rows()
          .skip(
              "%s: %s: pictures with sides that are no multiples of %d are not checked"
                  .formatted(file.fileName(), run.tag(), factor));
      return;
    }
    var difference = run.difference();
    if (difference.isPresent()) {
      replay.rows().fail(file, run.tag() + ".invert_timesteps", 0, difference.get());
      return;
    }
    var form =
        new RecordedRun.Form(
            run.tag(),
            prompt,
            seed,
            run.scheduler(),
            run.tensors(),
            run::noise,
            _ -> replay.tolerance().latent());
    RecordedRun.replay(
        replay,
        file,
        form,
        () -> RecordedRun.picture(file, IMAGE),
        recorded -> edit(file, run, recorded));
  }

  private static void edit(ParityFile file, Run run, RecordedRun recorded) {
    var image = recorded.picture();
    var grid = recorded.grid();
    byte[] mask = RecordedRun.bytes(file, run.tag() + ".mask", image);
    // As released: 1 lets a cell change, anything but 0 a pixel.
    var editable = where(mask, image, true).sample(grid.width(), grid.height());
    var cells = RegionDrag.Cells.of(pairs(file, run.tag()), grid, editable);
    var edited = run.method().edit(recorded.session(), cells, () -> preview(file, image));
    recorded.latent("final_latent", edited);
    recorded.picture(
        "output", recorded.decoded(edited).composite(where(mask, image, false), image));
  }

  private static Picture preview(ParityFile file, Picture image) {
    var preview = RecordedRun.picture(file, PREVIEW);
    if (preview.width() != image.width() || preview.height() != image.height()) {
      throw new RecordedRun.Stop(
          PREVIEW + ": expected the image's shape, got " + file.shape(PREVIEW));
    }
    return preview;
  }

  private static Mapping pairs(ParityFile file, String tag) {
    var columns = new ArrayList<int[]>();
    for (var end : List.of("source", "target")) {
      int[] flat = RecordedRun.rows(file, tag + "." + end, 2);
      for (int which = 0; which < 2; which++) {
        int first = which;
        columns.add(IntStream.range(0, flat.length / 2).map(i -> flat[2 * i + first]).toArray());
      }
    }
    return Mapping.of(columns.get(0), columns.get(1), columns.get(2), columns.get(3));
  }

  private static RegionMask where(byte[] mask, Picture image, boolean one) {
    byte[] chosen = mask.clone();
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = (byte) ((one ? mask[i] == 1 : mask[i] != 0) ? 1 : 0);
    }
    return RegionMask.of(image.width(), image.height(), chosen);
  }
}
