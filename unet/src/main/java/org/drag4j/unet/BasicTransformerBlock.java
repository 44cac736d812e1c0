package org.drag4j.unet;

import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.Attention;
import org.drag4j.layer.LayerNorm;
import org.drag4j.tensor.Weights;

/**
 * Self-attention, cross-attention to the context, feed-forward, each on a normalised input and
 * added back. diffusers: {@code BasicTransformerBlock}.
 */
record BasicTransformerBlock(
    String path,
    LayerNorm norm1,
    Attention attn1,
    LayerNorm norm2,
    Attention attn2,
    LayerNorm norm3,
    FeedForward ff) {
  /** PyTorch's default; no configuration names another. */
  private static final float EPS = 1e-5f;

  static BasicTransformerBlock load(Weights w, int heads, int dim, int contextDim) {
    return new BasicTransformerBlock(
        w.prefix(),
        LayerNorm.load(w.at("norm1"), dim, EPS),
        Attention.load(w.at("attn1"), Attention.Kind.SELF, heads, dim, dim),
        LayerNorm.load(w.at("norm2"), dim, EPS),
        Attention.load(w.at("attn2"), Attention.Kind.CROSS, heads, dim, contextDim),
        LayerNorm.load(w.at("norm3"), dim, EPS),
        FeedForward.load(w.at("ff"), dim));
  }

  /** {@code x [N, T, dim]} and {@code context [N, S, contextDim]} to {@code [N, T, dim]}. */
  Value forward(Value x, Value context) {
    var h = norm1.forward(x);
    x = x.plus(attn1.forward(h, h));
    x = x.plus(attn2.forward(norm2.forward(x), context));
    return x.plus(ff.forward(norm3.forward(x))).exposed(SiteKind.OUTPUT, path);
  }
}
