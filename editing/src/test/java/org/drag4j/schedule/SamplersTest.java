package org.drag4j.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import org.drag4j.recording.Recording;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SamplersTest {
  @SuppressWarnings("ImmutableEnumChecker") // nobody writes to what it holds
  enum Model {
    SD15(PredictionType.EPSILON),
    SD21(PredictionType.V_PREDICTION);

    final SchedulerConfig config;
    final Recording recording;

    Model(PredictionType predictionType) {
      config = SchedulerConfig.stableDiffusion(predictionType);
      recording = Recording.of("scheduler-" + name().toLowerCase(Locale.ROOT) + ".safetensors");
    }

    float[] input(String sampler, int i) {
      return recording.floats(
          i == 0 ? "ddim.init" : String.format(Locale.ROOT, "%s.step.%02d.out", sampler, i - 1));
    }

    float[] at(String sampler, int i, String what) {
      return recording.floats(String.format(Locale.ROOT, "%s.step.%02d.%s", sampler, i, what));
    }
  }

  @ParameterizedTest
  @EnumSource
  void alphasAreThoseOfDiffusersBitForBit(Model model) {
    float[] recorded = model.recording.floats("alphas_cumprod");
    NoiseSchedule schedule = NoiseSchedule.of(model.config);
    assertEquals(0, Distance.differingBits(recorded, schedule.alphasCumprod()));
    assertEquals(recorded[549], schedule.alphaCumprod(549));
    assertEquals(1f, schedule.alphaCumprod(-1));
    assertThrows(IllegalArgumentException.class, () -> schedule.alphaCumprod(1000));
  }

  @ParameterizedTest
  @EnumSource
  void otherContentKeepsItsNoise(Model model) {
    var schedule = NoiseSchedule.of(model.config);
    float[] clean = {1, -2, 0.5f};
    float[] other = {0, 3, 0.5f};
    float[] noise = {0.25f, -1, 2};
    for (int t : new int[] {1, 300, 999}) {
      assertArrayEquals(
          schedule.addNoise(t, other, noise),
          schedule.withContent(t, schedule.addNoise(t, clean, noise), clean, other),
          1e-6f);
    }
  }

  @ParameterizedTest
  @EnumSource
  void timestepTablesAreThoseOfDiffusers(Model model) {
    for (int steps : new int[] {10, 20, 50}) {
      assertArrayEquals(
          model.recording.ints("dpm.timesteps." + steps), Timesteps.dpmSolver(model.config, steps));
      assertArrayEquals(
          model.recording.ints("ddim.timesteps." + steps), Timesteps.ddim(model.config, steps));
    }
  }

  @ParameterizedTest
  @EnumSource
  void ddimStepsMatch(Model model) {
    Ddim ddim = Ddim.of(model.config, 10);
    Ddim other = Ddim.of(model.config, 11);
    int[] timesteps = Timesteps.ddim(model.config, 10);
    assertArrayEquals(model.recording.ints("ddim.timesteps"), timesteps);
    for (int i = 0; i < timesteps.length; i++) {
      float[] x = model.input("ddim", i);
      float[] output = model.at("ddim", i, "model_output");
      float[] recorded = model.at("ddim", i, "out");
      double error = Distance.relative(recorded, ddim.step(timesteps[i], x, output));
      assertTrue(error <= 1e-6, "step " + i + ": " + error);
      double wrong = Distance.relative(recorded, other.step(timesteps[i], x, output));
      assertTrue(wrong > 1e-4 || timesteps[i] < 100, "another stride, step " + i + ": " + wrong);
    }
  }

  @ParameterizedTest
  @EnumSource
  void dpmSolverStepsMatch(Model model) {
    DpmSolverPlusPlus solver = DpmSolverPlusPlus.of(model.config, 10);
    assertArrayEquals(model.recording.ints("dpmpp2m.timesteps"), solver.timesteps());
    float[] previous = null;
    for (int i = 0; i < 10; i++) {
      float[] x = model.input("dpmpp2m", i);
      float[] x0 = solver.x0(i, x, model.at("dpmpp2m", i, "model_output"));
      float[] recorded = model.at("dpmpp2m", i, "out");
      double error = Distance.relative(recorded, solver.step(i, x, x0, previous));
      assertTrue(error <= 1e-6, "step " + i + ": " + error);
      if (i > 0 && i < 9) {
        double firstOrder = Distance.relative(recorded, solver.step(i, x, x0, x0));
        assertTrue(firstOrder > 1e-4, "first order, step " + i + ": " + firstOrder);
      }
      previous = x0;
    }
  }

  @ParameterizedTest
  @EnumSource
  void aWrongPredictionTypeShows(Model model) {
    PredictionType wrong =
        model.config.predictionType() == PredictionType.EPSILON
            ? PredictionType.V_PREDICTION
            : PredictionType.EPSILON;
    Ddim ddim = Ddim.of(SchedulerConfig.stableDiffusion(wrong), 10);
    int t = Timesteps.ddim(model.config, 10)[4];
    float[] out = ddim.step(t, model.input("ddim", 4), model.at("ddim", 4, "model_output"));
    assertTrue(Distance.relative(model.at("ddim", 4, "out"), out) > 1e-2);
  }
}
