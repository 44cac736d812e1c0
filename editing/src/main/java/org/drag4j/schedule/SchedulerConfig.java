package org.drag4j.schedule;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The values of a {@code scheduler_config.json} that this engine uses, under diffusers' names.
 *
 * @param numTrainTimesteps length of the noise table, 1 to 10000
 * @param betaStart first variance, in (0, 1)
 * @param betaEnd last variance, in (0, 1), at least {@code betaStart}
 * @param betaSchedule how the variances run between the two
 * @param predictionType what the network predicts
 * @param timestepSpacing empty where the file names none; each sampler then takes its own default
 * @param stepsOffset added to {@link TimestepSpacing#LEADING} timesteps
 * @param setAlphaToOne whether DDIM's last step ends at a cumulative alpha of 1 instead of the
 *     table's first
 */
public record SchedulerConfig(
    int numTrainTimesteps,
    double betaStart,
    double betaEnd,
    BetaSchedule betaSchedule,
    PredictionType predictionType,
    Optional<TimestepSpacing> timestepSpacing,
    int stepsOffset,
    boolean setAlphaToOne) {

  /** How the variances run from the first to the last; diffusers: {@code beta_schedule}. */
  public enum BetaSchedule {
    /** A straight line. */
    LINEAR,
    /** The square of a straight line between the square roots, as Stable Diffusion was trained. */
    SCALED_LINEAR
  }

  private static final int MAX_TRAIN_TIMESTEPS = 10_000;

  public SchedulerConfig {
    if (numTrainTimesteps < 1 || numTrainTimesteps > MAX_TRAIN_TIMESTEPS) {
      throw new IllegalArgumentException(
          complaint(
              "num_train_timesteps",
              "1 to " + MAX_TRAIN_TIMESTEPS,
              numTrainTimesteps,
              "correct the file"));
    }
    if (!(betaStart > 0 && betaStart <= betaEnd && betaEnd < 1)) {
      throw new IllegalArgumentException(
          complaint(
              "beta_start, beta_end",
              "0 < start <= end < 1",
              betaStart + ", " + betaEnd,
              "correct the file"));
    }
    if (stepsOffset < 0 || stepsOffset >= numTrainTimesteps) {
      throw new IllegalArgumentException(
          complaint(
              "steps_offset", "0 to " + (numTrainTimesteps - 1), stepsOffset, "correct the file"));
    }
  }

  /** What diffusers assumes for a single-file Stable Diffusion checkpoint, which carries none. */
  public static SchedulerConfig stableDiffusion(PredictionType predictionType) {
    return new SchedulerConfig(
        1000,
        0.00085,
        0.012,
        BetaSchedule.SCALED_LINEAR,
        predictionType,
        Optional.empty(),
        1,
        false);
  }

  /**
   * Reads the parsed JSON object of a scheduler file; absent keys take diffusers' defaults, unknown
   * keys are ignored.
   *
   * @throws IllegalArgumentException if a value has the wrong type or range, or asks for a schedule
   *     this engine does not have ({@code trained_betas}, {@code rescale_betas_zero_snr}, ...)
   */
  public static SchedulerConfig of(Map<String, ? extends @Nullable Object> json) {
    if (json.get("trained_betas") != null) {
      throw new IllegalArgumentException(
          complaint("trained_betas", "null", "a table", "use a checkpoint with a named schedule"));
    }
    for (String key : List.of("rescale_betas_zero_snr", "use_karras_sigmas")) {
      if (Boolean.TRUE.equals(json.get(key))) {
        throw new IllegalArgumentException(
            complaint(key, "false", true, "use a checkpoint without it"));
      }
    }
    Optional<TimestepSpacing> spacing =
        json.get("timestep_spacing") == null
            ? Optional.empty()
            : Optional.of(TimestepSpacing.of(text(json, "timestep_spacing", "")));
    return new SchedulerConfig(
        whole(json, "num_train_timesteps", 1000),
        number(json, "beta_start", 0.0001),
        number(json, "beta_end", 0.02),
        betaSchedule(text(json, "beta_schedule", "linear")),
        PredictionType.of(text(json, "prediction_type", "epsilon")),
        spacing,
        whole(json, "steps_offset", 0),
        flag(json, "set_alpha_to_one", true));
  }

  static String complaint(String where, String expected, Object got, String remedy) {
    String shown = String.valueOf(got);
    if (shown.length() > 60) {
      shown = shown.substring(0, 60) + "...";
    }
    return "scheduler " + where + ": expected " + expected + ", got " + shown + "; " + remedy;
  }

  private static BetaSchedule betaSchedule(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "linear" -> BetaSchedule.LINEAR;
      case "scaled_linear" -> BetaSchedule.SCALED_LINEAR;
      default ->
          throw new IllegalArgumentException(
              complaint(
                  "beta_schedule", "linear or scaled_linear", name, "use another checkpoint"));
    };
  }

  private static String text(
      Map<String, ? extends @Nullable Object> json, String key, String absent) {
    Object value = json.get(key);
    if (value == null) {
      return absent;
    }
    if (value instanceof String s) {
      return s;
    }
    throw new IllegalArgumentException(complaint(key, "a string", value, "correct the file"));
  }

  private static double number(
      Map<String, ? extends @Nullable Object> json, String key, double absent) {
    Object value = json.get(key);
    if (value == null) {
      return absent;
    }
    if (value instanceof Number n && Double.isFinite(n.doubleValue())) {
      return n.doubleValue();
    }
    throw new IllegalArgumentException(complaint(key, "a number", value, "correct the file"));
  }

  private static int whole(Map<String, ? extends @Nullable Object> json, String key, int absent) {
    double value = number(json, key, absent);
    if (value != Math.rint(value) || Math.abs(value) > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          complaint(key, "a whole number", value, "correct the file"));
    }
    return (int) value;
  }

  private static boolean flag(
      Map<String, ? extends @Nullable Object> json, String key, boolean absent) {
    Object value = json.get(key);
    if (value == null) {
      return absent;
    }
    if (value instanceof Boolean b) {
      return b;
    }
    throw new IllegalArgumentException(complaint(key, "true or false", value, "correct the file"));
  }
}
