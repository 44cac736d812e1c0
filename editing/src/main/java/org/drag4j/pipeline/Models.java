package org.drag4j.pipeline;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.drag4j.picture.Picture;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.SchedulerConfig;
import org.drag4j.vae.Posterior;

/** The networks of one model, and programs around them. One thread at a time uses them. */
public interface Models {
  /** What the networks work on. */
  ModelShape shape();

  /** What the noise schedule is built from. */
  SchedulerConfig scheduler();

  /**
   * Contexts of prompts: CLIP's last hidden states after the final norm.
   *
   * @return one a prompt, {@code [77, D]}
   */
  List<float[]> text(List<String> prompts);

  /** The autoencoder's posterior of a picture whose sides are multiples of its factor. */
  Posterior encode(Picture picture);

  /**
   * The picture of a scaled latent.
   *
   * @return {@code [8h, 8w, 3]}, about [-1, 1], not clamped
   */
  float[] decode(float[] latent, LatentGrid grid);

  /**
   * Builds a graph and compiles it. Weights are loaded when they are first needed and shared by all
   * programs.
   *
   * @throws org.drag4j.device.DeviceMemoryException where it does not fit the device
   */
  Program compile(Consumer<Scope> build);

  /**
   * How many samples, at most {@code most}, a program may have beside a bank of {@code most} slots
   * for what it captures: as many as the device has memory for, and at least 1.
   *
   * @param build of a program for so many samples
   */
  int fitting(IntFunction<Consumer<Scope>> build, int most);

  /** Memory for {@code slots} samples of what a program captures. */
  SiteBank bank(Program capturing, int slots);
}
