package org.drag4j.pipeline;

import org.drag4j.graph.Hook;
import org.drag4j.graph.Value;

/**
 * A program under construction: a graph with the model's networks at hand. Its outputs are named
 * with {@link Value#output}.
 */
public interface Scope {
  /** An F32 input, set before each run. */
  Value input(String name, int... dims);

  /**
   * An F32 input that is the same in every run. Values that depend on such inputs alone are
   * computed once for all programs that have them in common.
   *
   * @param values as many as {@code dims} say
   */
  Value fixed(String name, float[] values, int... dims);

  /**
   * The UNet's prediction, as it was trained: noise or velocity.
   *
   * @param call the name of this call; sites that {@code hook} captures or injects are ports named
   *     {@code call/path#kind}
   * @param latents {@code [N, H, W, C]}
   * @param timesteps {@code [N]}
   * @param context of the prompts, {@code [N, T, D]}
   * @return {@code [N, H, W, C]}
   * @throws IllegalArgumentException where the name is taken or a shape does not fit
   */
  Value unet(String call, Value latents, Value timesteps, Value context, Hook hook);
}
