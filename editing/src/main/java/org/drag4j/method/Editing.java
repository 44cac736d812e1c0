package org.drag4j.method;

import java.util.function.Supplier;
import org.drag4j.graph.Hook;
import org.drag4j.pipeline.Denoiser;
import org.drag4j.pipeline.Progress;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.CycleSde;
import org.drag4j.schedule.LatentGrid;

/** Everything an editing method works on. Latents are {@code [H, W, C]}, scaled. */
public interface Editing {
  /** Form of the latents. */
  LatentGrid grid();

  /** The chain of states between the clean latent and noise. */
  CycleSde sde();

  /** The latent of the picture to edit. */
  float[] source();

  /** The latent of the picture with the regions already copied over. */
  float[] preview();

  /** Cells copied from, one a pair. */
  int[] sourceCells();

  /** Cells copied to, one a pair. */
  int[] targetCells();

  /** Border points of the target cells, of which "CP then Encode" needs the number. */
  int[] targetBorderCells();

  /** Which cells may change. */
  boolean[] editable();

  /** Where random numbers come from. */
  Noise noise();

  /** The denoiser compiled with a hook. */
  Denoiser denoiser(Hook hook, int batch);

  /**
   * The same for one sample with the negative prompt.
   *
   * @throws IllegalStateException where there is none
   */
  default Denoiser negativeDenoiser(Hook hook) {
    throw new IllegalStateException("this edit has no negative prompt");
  }

  /** Cells of the handles that nothing is copied to. */
  default int[] vacatedCells() {
    return new int[0];
  }

  /** As many cells outside handles and targets, the nearest of each vacated one. */
  default int[] neighbourCells() {
    return new int[0];
  }

  /**
   * The inversion of the picture: made now, or kept from an earlier edit that inverted it in the
   * same way; the random numbers then go on as if it had been made now.
   */
  default Inversion inversion(Supplier<Inversion> make) {
    return make.get();
  }

  /** This edit does not need its inversion any more. */
  default void done(Inversion inversion) {
    inversion.bank().close();
  }

  /**
   * How many samples, at most {@code most}, a denoiser with this hook may have beside a bank of
   * {@code most} slots for what it captures: as many as the device has memory for, and at least 1.
   */
  default int fitting(Hook hook, int most) {
    return most;
  }

  /** Memory for {@code slots} samples of what {@code capturing} captures. */
  SiteBank bank(Denoiser capturing, int slots);

  /** Follows the work. */
  Progress progress();

  /** Copies cells of {@code from} into {@code into}, at step {@code step} of the way back. */
  default void paste(int step, float[] from, int[] source, float[] into, int[] target) {
    grid().copyCells(from, source, into, target);
  }

  /** Sees an intermediate latent, named as in the recorded runs: {@code denoise.03.in}. */
  default void observe(String name, float[] latent) {}
}
