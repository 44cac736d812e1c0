package org.drag4j.schedule;

import java.util.Locale;

/**
 * How a sampler spreads its steps over the training timesteps; diffusers: {@code timestep_spacing}.
 */
public enum TimestepSpacing {
  /** Evenly between both ends of the table, rounded. */
  LINSPACE,
  /** Multiples of a whole stride, plus {@code steps_offset}. */
  LEADING,
  /** Downwards from the last timestep in a fractional stride, rounded. */
  TRAILING;

  /**
   * Reads the spelling of a scheduler configuration.
   *
   * @throws IllegalArgumentException for anything but {@code linspace}, {@code leading}, {@code
   *     trailing}
   */
  public static TimestepSpacing of(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "linspace" -> LINSPACE;
      case "leading" -> LEADING;
      case "trailing" -> TRAILING;
      default ->
          throw new IllegalArgumentException(
              SchedulerConfig.complaint(
                  "timestep_spacing", "linspace, leading or trailing", name, "correct the file"));
    };
  }
}
