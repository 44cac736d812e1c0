package org.drag4j.text;

import org.drag4j.graph.Op;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.LayerNorm;
import org.drag4j.layer.Linear;
import org.drag4j.tensor.Weights;

/** Causal self-attention and a feed-forward layer, each on a normalised input and added back. */
record ClipEncoderLayer(
    String path,
    int heads,
    LayerNorm layerNorm1,
    Linear qProj,
    Linear kProj,
    Linear vProj,
    Linear outProj,
    LayerNorm layerNorm2,
    Linear fc1,
    Op.UnaryFn activation,
    Linear fc2) {

  static ClipEncoderLayer load(Weights w, ClipTextConfig c) {
    int dim = c.hiddenSize();
    var attn = w.at("self_attn");
    return new ClipEncoderLayer(
        w.prefix(),
        c.heads(),
        LayerNorm.load(w.at("layer_norm1"), dim, c.normEps()),
        Linear.load(attn.at("q_proj"), dim, dim),
        Linear.load(attn.at("k_proj"), dim, dim),
        Linear.load(attn.at("v_proj"), dim, dim),
        Linear.load(attn.at("out_proj"), dim, dim),
        LayerNorm.load(w.at("layer_norm2"), dim, c.normEps()),
        Linear.load(w.at("mlp").at("fc1"), dim, c.intermediateSize()),
        c.activation(),
        Linear.load(w.at("mlp").at("fc2"), c.intermediateSize(), dim));
  }

  /** {@code x [N, T, dim]} to the same shape. */
  Value forward(Value x) {
    var g = x.graph();
    var h = layerNorm1.forward(x);
    h =
        g.node(
            new Op.Attention(heads, true),
            path + ".self_attn",
            qProj.forward(h),
            kProj.forward(h),
            vProj.forward(h)); // [N, T, dim]
    x = x.plus(outProj.forward(h));
    h = fc1.forward(layerNorm2.forward(x)); // [N, T, 4*dim]
    h = fc2.forward(g.node(new Op.Unary(activation), path + ".mlp", h));
    return x.plus(h).exposed(SiteKind.OUTPUT, path);
  }
}
