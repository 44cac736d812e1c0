package org.drag4j.schedule;

/**
 * The timesteps a sampler visits, noisiest first; diffusers: {@code set_timesteps}.
 *
 * <p>DDIM and DPM-Solver divide the same range differently (into {@code steps} and into {@code
 * steps + 1} parts) and take different spacings where the configuration names none.
 */
public final class Timesteps {
  private Timesteps() {}

  /**
   * The table of diffusers' {@code DDIMScheduler}; {@link TimestepSpacing#LEADING} by default.
   *
   * @return {@code [steps]}, strictly decreasing
   * @throws IllegalArgumentException unless {@code steps} distinct timesteps fit the schedule
   */
  public static int[] ddim(SchedulerConfig config, int steps) {
    int n = config.numTrainTimesteps();
    requireSteps(steps, n);
    TimestepSpacing spacing = config.timestepSpacing().orElse(TimestepSpacing.LEADING);
    int[] table = new int[steps];
    for (int i = 0; i < steps; i++) {
      int k = steps - 1 - i;
      table[i] =
          switch (spacing) {
            case LINSPACE -> steps == 1 ? 0 : linspace(k, steps, n);
            case LEADING -> k * (n / steps) + config.stepsOffset();
            case TRAILING -> trailing(i, steps, n);
          };
    }
    return checked(table, n);
  }

  /**
   * The table of diffusers' {@code DPMSolverMultistepScheduler}, which RegionDrag uses too; {@link
   * TimestepSpacing#LINSPACE} by default.
   *
   * @return {@code [steps]}, strictly decreasing
   * @throws IllegalArgumentException unless {@code steps} distinct timesteps fit the schedule
   */
  public static int[] dpmSolver(SchedulerConfig config, int steps) {
    int n = config.numTrainTimesteps();
    requireSteps(steps, n);
    TimestepSpacing spacing = config.timestepSpacing().orElse(TimestepSpacing.LINSPACE);
    int[] table = new int[steps];
    for (int i = 0; i < steps; i++) {
      int k = steps - i;
      table[i] =
          switch (spacing) {
            case LINSPACE -> linspace(k, steps + 1, n);
            case LEADING -> k * (n / (steps + 1)) + config.stepsOffset();
            case TRAILING -> trailing(i, steps, n);
          };
    }
    return checked(table, n);
  }

  /**
   * Element {@code k} of {@code round(linspace(0, n - 1, count))}, halves to even as numpy does.
   */
  private static int linspace(int k, int count, int n) {
    return k == count - 1 ? n - 1 : (int) Math.rint(k * ((n - 1.0) / (count - 1)));
  }

  private static int trailing(int i, int steps, int n) {
    return (int) Math.rint(n - i * ((double) n / steps)) - 1;
  }

  static void requireSteps(int steps, int n) {
    if (steps < 1 || steps > n) {
      throw new IllegalArgumentException(
          SchedulerConfig.complaint("steps", "1 to " + n, steps, "choose another number"));
    }
  }

  private static int[] checked(int[] table, int n) {
    int above = n;
    for (int t : table) {
      if (t < 0 || t >= above) {
        throw new IllegalArgumentException(
            SchedulerConfig.complaint(
                "steps",
                "distinct timesteps from 0 to " + (n - 1),
                table.length + " steps that visit " + t + " after " + above,
                "use fewer steps"));
      }
      above = t;
    }
    return table;
  }
}
