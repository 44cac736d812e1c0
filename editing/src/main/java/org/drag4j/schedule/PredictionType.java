package org.drag4j.schedule;

import java.util.Locale;

/** What the network predicts; diffusers: {@code prediction_type}. */
public enum PredictionType {
  /** The noise that was added. */
  EPSILON,
  /** The velocity {@code sqrt(a) * noise - sqrt(1 - a) * x0} (Salimans and Ho 2022). */
  V_PREDICTION;

  /**
   * Reads the spelling of a scheduler configuration.
   *
   * @throws IllegalArgumentException for anything but {@code epsilon} and {@code v_prediction}
   */
  public static PredictionType of(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "epsilon" -> EPSILON;
      case "v_prediction" -> V_PREDICTION;
      default ->
          throw new IllegalArgumentException(
              SchedulerConfig.complaint(
                  "prediction_type", "epsilon or v_prediction", name, "use another checkpoint"));
    };
  }
}
