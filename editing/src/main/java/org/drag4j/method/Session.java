package org.drag4j.method;

import java.util.List;
import org.drag4j.geometry.Task;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Models;
import org.drag4j.pipeline.Progress;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.SchedulerConfig;

/** What one edit offers any method. Latents are {@code [H, W, C]}, scaled. */
public interface Session {
  /** The picture to edit, on white, as the model sees it. */
  Picture picture();

  /** Further pictures that the document names, at their own sizes. */
  List<Picture> pictures();

  /** What the picture shows. */
  String prompt();

  /** The edit's inputs, as keys of kept values name them. */
  Given given();

  /** What the drags mean in the picture. */
  Task task();

  /** The networks. */
  Models models();

  /** The configuration of the noise schedule. */
  default SchedulerConfig scheduler() {
    return models().scheduler();
  }

  /** Where random numbers come from. */
  Noise noise();

  /** Values that another edit can use again. */
  Kept kept();

  /** Follows the work. */
  Progress progress();

  /** Shows a latent that is part of the way to the result, after {@code done} of {@code steps}. */
  default void show(float[] latent, int done, int steps) {}

  /** Sees an intermediate latent, named as in the recorded runs: {@code denoise.03.in}. */
  default void observe(String name, float[] latent) {}

  /** Shape of the picture's latent. */
  default LatentGrid grid() {
    int factor = models().shape().factor();
    return new LatentGrid(
        picture().height() / factor, picture().width() / factor, models().shape().latentChannels());
  }

  /** A draw from the posterior of a picture of the size that the model sees. */
  default float[] sample(Picture picture) {
    var posterior = models().encode(picture);
    var noise = grid().fromNchw(noise().draw(grid().size()));
    return posterior.sample(noise, models().shape().scalingFactor());
  }

  /** The posterior's mean for a picture of the size that the model sees. */
  default float[] mean(Picture picture) {
    return models().encode(picture).mode(models().shape().scalingFactor());
  }

  /** The contexts of prompts, one each, {@code [77 n, D]}, as {@link Models#text} gives them. */
  default List<float[]> text(String... prompts) {
    return models().text(List.of(prompts), given().longPrompt());
  }
}
