package org.drag4j.verify;

import java.util.Collections;
import java.util.function.BiConsumer;
import org.drag4j.graph.Hook;
import org.drag4j.method.Editing;
import org.drag4j.method.Noise;
import org.drag4j.pipeline.Denoiser;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.CycleSde;
import org.drag4j.schedule.LatentGrid;

/**
 * A recorded run as an editing method sees it: its cells and latents, noise from wherever.
 *
 * @param context of the prompt
 * @param observer sees every intermediate latent
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ParityEditing(
    Pipeline pipeline,
    LatentGrid grid,
    CycleSde sde,
    float[] context,
    float[] source,
    float[] preview,
    int[] sourceCells,
    int[] targetCells,
    int[] targetBorderCells,
    boolean[] editable,
    Noise noise,
    BiConsumer<String, float[]> observer)
    implements Editing {
  @Override
  public Denoiser denoiser(Hook hook, int batch) {
    return pipeline.denoiser(hook, grid, Collections.nCopies(batch, context));
  }

  @Override
  public SiteBank bank(Denoiser capturing, int slots) {
    return pipeline.bank(capturing, slots);
  }

  @Override
  public Progress progress() {
    return Progress.NONE;
  }

  @Override
  public void observe(String name, float[] latent) {
    observer.accept(name, latent);
  }
}
