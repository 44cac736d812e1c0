package org.drag4j.pipeline;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.drag4j.document.LongPrompt;
import org.drag4j.picture.Picture;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.SchedulerConfig;
import org.drag4j.vae.Posterior;

/** The networks of one model, and programs around them. One thread at a time uses them. */
public interface Models {
  /** Sizes of pictures, latents and contexts. */
  ModelShape shape();

  /** The configuration of the noise schedule. */
  SchedulerConfig scheduler();

  /**
   * Contexts of prompts: CLIP's last hidden states after the final norm.
   *
   * @param longPrompts what becomes of prompts of more than 77 tokens
   * @return one a prompt, {@code [77 n, D]}: {@code n} is 1, or with {@link LongPrompt#CHUNKS} what
   *     the longest of them needs; shorter ones are followed by empty ones
   */
  List<float[]> text(List<String> prompts, LongPrompt longPrompts);

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
   * The batch size, from 1 to {@code most}, for which the device has memory beside a bank of {@code
   * most} slots for the values that the program captures.
   *
   * @param build gives the program of a batch size
   */
  int fitting(IntFunction<Consumer<Scope>> build, int most);

  /** Memory for {@code slots} samples of every value that a program captures. */
  SiteBank bank(Program capturing, int slots);
}
