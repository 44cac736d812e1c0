package org.drag4j.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.drag4j.method.RegionDrag;
import org.drag4j.schedule.CycleSde;
import org.drag4j.schedule.PredictionType;
import org.drag4j.schedule.SchedulerConfig;
import org.drag4j.schedule.TimestepSpacing;
import org.drag4j.weights.Config;

/**
 * What the metadata say of one recorded RegionDrag run.
 *
 * @param spacing replaces that of the model's scheduler
 * @param inverted timesteps of all inverting calls; empty where not recorded
 * @param denoised timesteps of all denoising calls; empty where not recorded
 */
record ParityRun(
    String tag,
    RegionDrag.Variant variant,
    int steps,
    double start,
    double handleNoise,
    Optional<TimestepSpacing> spacing,
    List<Double> inverted,
    List<Double> denoised) {
  private static final String AS_CONFIGURED = "as configured";

  /**
   * Reads a run; empty where its method is not RegionDrag's.
   *
   * @throws org.drag4j.weights.ConfigException where a value is missing or of another kind
   * @throws IllegalArgumentException for an unknown spacing
   */
  static Optional<ParityRun> of(String tag, Config c) {
    var variant =
        switch (c.string("method")) {
          case "Encode then CP" -> Optional.of(RegionDrag.Variant.ENCODE_THEN_CP);
          case "CP then Encode" -> Optional.of(RegionDrag.Variant.CP_THEN_ENCODE);
          default -> Optional.<RegionDrag.Variant>empty();
        };
    var spacing = c.string("timestep_spacing", AS_CONFIGURED);
    return variant.map(v ->
        new ParityRun(
            tag,
            v,
            c.integer("steps"),
            c.number("start_t"),
            c.number("noise_scale"),
            spacing.equals(AS_CONFIGURED)
                ? Optional.empty()
                : Optional.of(TimestepSpacing.of(spacing)),
            c.has("invert_timesteps") ? c.numbers("invert_timesteps") : List.of(),
            c.has("denoise_timesteps") ? c.numbers("denoise_timesteps") : List.of()));
  }

  boolean copiesFirst() {
    return variant == RegionDrag.Variant.CP_THEN_ENCODE;
  }

  /** The chain as released, which takes every network's output for the noise. */
  CycleSde chain(SchedulerConfig c) {
    return CycleSde.of(
        new SchedulerConfig(
            c.numTrainTimesteps(),
            c.betaStart(),
            c.betaEnd(),
            c.betaSchedule(),
            PredictionType.EPSILON,
            spacing.or(c::timestepSpacing),
            c.stepsOffset(),
            c.setAlphaToOne()),
        steps,
        start);
  }

  /** What is wrong with the chain's timesteps; empty where they are the recorded ones. */
  Optional<String> difference(CycleSde chain) {
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

  /** Random tensors and latents of the run in the order they come about, names without tag. */
  List<String> tensors(int steps) {
    var names = new ArrayList<String>();
    if (copiesFirst()) {
      names.addAll(List.of(noise(0, true), "clean.0", noise(1, true), "clean.1"));
      for (int i = 0; i < 2 * steps; i++) {
        names.add(numbered("invert.%02d.latent", i));
      }
      names.add(noise(2, false));
    } else {
      names.addAll(List.of(noise(0, true), "clean.0"));
      for (int i = 0; i < steps; i++) {
        names.add(noise(i + 1, false));
        names.add(numbered("invert.%02d.latent", i));
      }
      for (int i = 0; i < steps; i++) {
        names.add(numbered("invert.%02d.noise", i));
      }
      names.add(noise(steps + 1, false));
    }
    for (int i = 0; i < steps; i++) {
      names.add(numbered("denoise.%02d.in", i));
      if (copiesFirst()) {
        names.add(noise(i + 3, false));
      }
      names.add(numbered("denoise.%02d.out", i));
    }
    names.add("final_latent");
    names.add("output");
    return names;
  }

  /** Name of the random tensor drawn as number {@code i}. */
  String noise(int i) {
    return noise(i, i < (copiesFirst() ? 2 : 1));
  }

  private static String noise(int i, boolean posterior) {
    return numbered(posterior ? "noise.%02d.posterior" : "noise.%02d.randn_like", i);
  }

  private static String numbered(String format, int i) {
    return String.format(Locale.ROOT, format, i);
  }
}
