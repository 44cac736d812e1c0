package org.drag4j.pipeline;

import java.util.Map;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;

/** A denoising network compiled with one hook for one batch size. */
public interface Denoiser extends AutoCloseable {
  /** Form of one latent. */
  LatentGrid grid();

  /** Samples of one call. */
  int batch();

  /** Shapes of what the hook captures or injects, by site, batch first. */
  Map<String, Shape> sites();

  /** Element type of these on the device. */
  DType siteType();

  /**
   * The network's prediction, as it was trained: noise or velocity.
   *
   * @param latents {@code [batch, H, W, C]}
   * @param timesteps one a sample
   * @param slots as many slots as samples for every site: written where captured, read where
   *     injected
   * @return {@code [batch, H, W, C]}
   */
  float[] predict(float[] latents, int[] timesteps, SiteBank.Slots slots);

  /** Releases its memory; the weights stay. */
  @Override
  void close();
}
