package org.drag4j.schedule;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.drag4j.weights.Config;
import org.drag4j.weights.ConfigException;

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

  /** diffusers' classes, less the suffix {@code Scheduler}, whose noise is described as here. */
  private static final Set<String> CLASSES =
      Set.of(
          "DDIM",
          "DDIMInverse",
          "DDIMParallel",
          "DDPM",
          "DDPMParallel",
          "DEISMultistep",
          "DPMSolverMultistep",
          "DPMSolverMultistepInverse",
          "DPMSolverSDE",
          "DPMSolverSinglestep",
          "EulerAncestralDiscrete",
          "EulerDiscrete",
          "HeunDiscrete",
          "KDPM2AncestralDiscrete",
          "KDPM2Discrete",
          "LMSDiscrete",
          "PNDM",
          "SASolver",
          "UniPCMultistep");

  /** Keys that are read here, and keys of the solvers that this engine has its own in place of. */
  private static final Set<String> READ =
      Set.of(
          "num_train_timesteps",
          "beta_start",
          "beta_end",
          "beta_schedule",
          "prediction_type",
          "timestep_spacing",
          "steps_offset",
          "set_alpha_to_one",
          "algorithm_type",
          "clip_sample_range",
          "corrector_order",
          "disable_corrector",
          "dynamic_thresholding_ratio",
          "euler_at_final",
          "final_sigmas_type",
          "flow_shift",
          "interpolation_type",
          "lower_order_final",
          "noise_sampler_seed",
          "predict_x0",
          "predictor_order",
          "sample_max_value",
          "skip_prk_steps",
          "solver_order",
          "solver_p",
          "solver_type",
          "tau_func",
          "time_shift_type",
          "variance_type");

  /** The one value of each key whose others would change the noise or where the steps are. */
  private static final Map<String, Object> USUAL =
      Map.of(
          "lambda_min_clipped",
          Double.NEGATIVE_INFINITY,
          "predict_epsilon",
          true,
          "timestep_type",
          "discrete");

  private static final String OTHER_MODEL = "drag4j does not do this (yet); use another model";

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
   * Reads a scheduler's file; absent keys take diffusers' defaults.
   *
   * @throws ConfigException where a value has the wrong type or range, or asks for a schedule this
   *     engine does not have ({@code trained_betas}, {@code rescale_betas_zero_snr}, ...)
   */
  public static SchedulerConfig of(Config c) {
    String name = c.string("_class_name", "DDIMScheduler");
    if (!name.endsWith("Scheduler") || !CLASSES.contains(name.replaceFirst("Scheduler$", ""))) {
      throw c.refused(
          "_class_name",
          "a scheduler of Stable Diffusion 1.x and 2.x as DDIMScheduler",
          OTHER_MODEL);
    }
    for (var key : c.unread(READ, USUAL)) {
      throw c.refused(key, String.valueOf(USUAL.getOrDefault(key, "null or false")), remedy(key));
    }
    try {
      return new SchedulerConfig(
          c.integer("num_train_timesteps", 1000),
          c.number("beta_start", 0.0001),
          c.number("beta_end", 0.02),
          betaSchedule(c.string("beta_schedule", "linear")),
          PredictionType.of(c.string("prediction_type", "epsilon")),
          c.has("timestep_spacing")
              ? Optional.of(TimestepSpacing.of(c.string("timestep_spacing")))
              : Optional.empty(),
          c.integer("steps_offset", 0),
          c.bool("set_alpha_to_one", true));
    } catch (IllegalArgumentException e) {
      throw new ConfigException(c.origin() + ": " + e.getMessage());
    }
  }

  /** What is not done: to choose steps in other ways can be left out, other noise cannot. */
  private static String remedy(String key) {
    return switch (key) {
      case "use_karras_sigmas",
          "use_exponential_sigmas",
          "use_beta_sigmas",
          "use_lu_lambdas",
          "thresholding",
          "clip_sample" ->
          "drag4j does not do this (yet); write false to have the steps of its own samplers";
      default -> OTHER_MODEL;
    };
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
}
