package org.drag4j.layer;

import java.util.Optional;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Weights;
import org.jspecify.annotations.Nullable;

/**
 * Two convolutions, around a timestep shift where the network has one, added to a shortcut.
 * diffusers: {@code ResnetBlock2D}.
 */
public record ResnetBlock2D(
    String path,
    GroupNorm norm1,
    Conv2d conv1,
    Optional<Linear> timeEmbProj,
    GroupNorm norm2,
    Conv2d conv2,
    Layer convShortcut) {
  /** A block of {@code in} to {@code out} channels; {@code temb} 0 means no timestep. */
  public static ResnetBlock2D load(Weights w, int in, int out, int temb, int groups, float eps) {
    return new ResnetBlock2D(
        w.prefix(),
        GroupNorm.load(w.at("norm1"), groups, in, eps),
        Conv2d.load(w.at("conv1"), in, out, 3, 1),
        temb == 0 ? Optional.empty() : Optional.of(Linear.load(w.at("time_emb_proj"), temb, out)),
        GroupNorm.load(w.at("norm2"), groups, out, eps),
        Conv2d.load(w.at("conv2"), out, out, 3, 1),
        in == out ? new Identity() : Conv2d.load(w.at("conv_shortcut"), in, out, 1, 1));
  }

  /**
   * {@code x [N, H, W, in]} to {@code [N, H, W, out]}.
   *
   * @param temb {@code [N, 1, 1, T]}, SiLU already applied; null for a block without timestep
   */
  public Value forward(Value x, @Nullable Value temb) {
    var h = conv1.forward(norm1.forward(x).silu()); // [N, H, W, out]
    if (timeEmbProj.isPresent() && temb != null) {
      h = h.plus(timeEmbProj.get().forward(temb)); // broadcast over H, W
    }
    h = conv2.forward(norm2.forward(h).silu());
    return convShortcut.forward(x).plus(h).exposed(SiteKind.OUTPUT, path);
  }
}
