package org.drag4j.layer;

import org.drag4j.graph.Op;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Weights;

/**
 * Multi-head attention. Keys and values are exposed, so an editing method can capture or replace
 * them. diffusers: {@code Attention}.
 */
public record Attention(
    String path, Kind kind, int heads, Linear toQ, Linear toK, Linear toV, Linear toOut) {
  /** Whether keys and values come from the queries' own tokens or from a context. */
  public enum Kind {
    SELF(SiteKind.SELF_KEY, SiteKind.SELF_VALUE),
    CROSS(SiteKind.CROSS_KEY, SiteKind.CROSS_VALUE);

    private final SiteKind key;
    private final SiteKind value;

    Kind(SiteKind key, SiteKind value) {
      this.key = key;
      this.value = value;
    }
  }

  /** Loads {@code to_q}, {@code to_k}, {@code to_v} and {@code to_out.0}. */
  public static Attention load(Weights w, Kind kind, int heads, int dim, int contextDim) {
    return new Attention(
        w.prefix(),
        kind,
        heads,
        Linear.load(w.at("to_q"), dim, dim),
        Linear.load(w.at("to_k"), contextDim, dim),
        Linear.load(w.at("to_v"), contextDim, dim),
        Linear.load(w.at("to_out").at(0), dim, dim));
  }

  /**
   * {@code x [N, T, dim]} attends to {@code context [N, S, contextDim]}; gives {@code [N, T, dim]}.
   */
  public Value forward(Value x, Value context) {
    var q = toQ.forward(x); // [N, T, dim]
    var k = toK.forward(context).exposed(kind.key, path); // [N, S, dim]
    var v = toV.forward(context).exposed(kind.value, path); // [N, S, dim]
    var y = x.graph().node(new Op.Attention(heads, false), path, q, k, v); // [N, T, dim]
    return toOut.forward(y).exposed(SiteKind.OUTPUT, path);
  }
}
