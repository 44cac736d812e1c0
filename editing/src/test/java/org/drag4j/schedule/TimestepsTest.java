package org.drag4j.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.drag4j.weights.Config;
import org.drag4j.weights.ConfigException;
import org.junit.jupiter.api.Test;

class TimestepsTest {
  private static SchedulerConfig spaced(TimestepSpacing spacing) {
    return new SchedulerConfig(
        1000,
        0.00085,
        0.012,
        SchedulerConfig.BetaSchedule.SCALED_LINEAR,
        PredictionType.EPSILON,
        Optional.of(spacing),
        1,
        false);
  }

  @Test
  void leadingDividesByOneMoreForDpmSolver() {
    SchedulerConfig leading = spaced(TimestepSpacing.LEADING);
    assertArrayEquals(
        new int[] {901, 811, 721, 631, 541, 451, 361, 271, 181, 91},
        Timesteps.dpmSolver(leading, 10));
    assertArrayEquals(
        new int[] {901, 801, 701, 601, 501, 401, 301, 201, 101, 1}, Timesteps.ddim(leading, 10));
  }

  @Test
  void trailingEndsAboveZero() {
    SchedulerConfig trailing = spaced(TimestepSpacing.TRAILING);
    int[] expected = {999, 874, 749, 624, 499, 374, 249, 124};
    assertArrayEquals(expected, Timesteps.ddim(trailing, 8));
    assertArrayEquals(expected, Timesteps.dpmSolver(trailing, 8));
    assertArrayEquals(new int[] {999, 666, 332}, Timesteps.ddim(trailing, 3));
  }

  @Test
  void linspaceRoundsHalvesToEven() {
    SchedulerConfig linspace = spaced(TimestepSpacing.LINSPACE);
    assertArrayEquals(new int[] {999, 500}, Timesteps.dpmSolver(linspace, 2));
    assertArrayEquals(new int[] {999, 666, 333, 0}, Timesteps.ddim(linspace, 4));
    assertArrayEquals(new int[] {0}, Timesteps.ddim(linspace, 1));
  }

  @Test
  void everyTableThatIsGivenIsStrictlyDecreasing() {
    for (TimestepSpacing spacing : TimestepSpacing.values()) {
      int given = 0;
      for (int steps = 1; steps <= 1000; steps++) {
        int[] table;
        try {
          table = Timesteps.dpmSolver(spaced(spacing), steps);
        } catch (IllegalArgumentException e) {
          assertTrue(steps > 500, spacing + " refuses " + steps);
          continue;
        }
        assertEquals(steps, table.length);
        for (int i = 1; i < steps; i++) {
          assertTrue(table[i] < table[i - 1] && table[i] >= 0 && table[0] < 1000);
        }
        given++;
      }
      assertTrue(given >= 998, spacing + ": " + given);
    }
  }

  @Test
  void stepCountsAreBounded() {
    SchedulerConfig config = SchedulerConfig.stableDiffusion(PredictionType.EPSILON);
    for (int steps : new int[] {Integer.MIN_VALUE, -1, 0, 1001, Integer.MAX_VALUE}) {
      assertThrows(IllegalArgumentException.class, () -> Timesteps.ddim(config, steps));
      assertThrows(IllegalArgumentException.class, () -> Timesteps.dpmSolver(config, steps));
      assertThrows(IllegalArgumentException.class, () -> Ddim.of(config, steps));
      assertThrows(IllegalArgumentException.class, () -> CycleSde.of(config, steps, 0.5));
    }
    assertThrows(IllegalArgumentException.class, () -> Timesteps.dpmSolver(config, 1000));
  }

  @Test
  void chainsThatLeaveTheScheduleAreRefused() {
    SchedulerConfig config = SchedulerConfig.stableDiffusion(PredictionType.EPSILON);
    for (double start : new double[] {-0.1, 1, 2, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> CycleSde.of(config, 20, start));
    }
    assertEquals(0, CycleSde.of(config, 20, 0.04).inversionTimesteps().length);
    CycleSde longest = CycleSde.of(config, 20, 0.95);
    assertEquals(949, longest.inversionTimesteps()[18]);
    assertEquals(50, longest.denoisingTimesteps()[18] - 50);
  }

  @Test
  void configurationsAreReadUnderDiffusersNames() {
    var json =
        """
        {"beta_start":0.00085,"beta_end":0.012,"beta_schedule":"scaled_linear",
         "num_train_timesteps":1000,"steps_offset":1,"set_alpha_to_one":false,"trained_betas":null}
        """;
    assertEquals(SchedulerConfig.stableDiffusion(PredictionType.EPSILON), config(json));
    var other =
        config(
            json.replace(
                "{", "{\"timestep_spacing\":\"leading\",\"prediction_type\":\"v_prediction\","));
    assertEquals(Optional.of(TimestepSpacing.LEADING), other.timestepSpacing());
    assertEquals(PredictionType.V_PREDICTION, other.predictionType());
  }

  @Test
  void hostileConfigurationsAreRefused() {
    refused("trained_betas", "[0.1]");
    refused("beta_schedule", "\"squaredcos_cap_v2\"");
    refused("beta_schedule", "3");
    refused("beta_start", "-1");
    refused("beta_start", "NaN");
    refused("beta_end", "1.5");
    refused("num_train_timesteps", "1000000000");
    refused("num_train_timesteps", "0");
    refused("num_train_timesteps", "10.5");
    refused("prediction_type", "\"sample\"");
    refused("timestep_spacing", "\"" + "x".repeat(1 << 19) + "\"");
    refused("steps_offset", "-1");
    refused("set_alpha_to_one", "\"no\"");
    refused("rescale_betas_zero_snr", "true");
  }

  /** Every number of steps that documents and command line take, and no more. */
  @Test
  void allStepsUpTo999CanBeTaken() {
    var config = SchedulerConfig.stableDiffusion(PredictionType.EPSILON);
    for (int steps = 1; steps <= 999; steps++) {
      assertEquals(steps, Timesteps.ddim(config, steps).length);
      assertEquals(steps, DpmSolverPlusPlus.of(config, steps).timesteps().length);
      for (double start : new double[] {0.5, 0.9999}) {
        var sde = CycleSde.of(config, steps, start);
        int[] out = sde.inversionTimesteps();
        assertEquals((int) (start * steps), out.length);
        if (out.length > 0) {
          assertTrue(out[out.length - 1] + sde.stride() <= 999);
        }
      }
    }
    // Both ways meet: the noisiest state of the way out is that of the way back.
    var two = CycleSde.of(config, 2, 0.5);
    assertEquals(999, two.inversionTimesteps()[0] + two.stride());
    assertEquals(999, two.denoisingTimesteps()[0]);
    // As in diffusers, where one leaves the table and the other visits a timestep twice.
    assertThrows(IllegalArgumentException.class, () -> Timesteps.ddim(config, 1000));
    assertThrows(IllegalArgumentException.class, () -> Timesteps.dpmSolver(config, 1000));
  }

  private static SchedulerConfig config(String json) {
    return SchedulerConfig.of(Config.parse("scheduler_config.json", json));
  }

  private static void refused(String key, String value) {
    var e = assertThrows(ConfigException.class, () -> config("{\"" + key + "\":" + value + "}"));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(key) && message.length() < 250, message);
  }
}
