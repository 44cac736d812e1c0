package org.drag4j.device;

import java.util.List;
import java.util.Map;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;

/**
 * Candidates of a device ranked by measured speed.
 *
 * @param rankings by {@link #key}, candidates by {@link Candidate#name}, the fastest first
 */
public record Tuned(Map<String, List<String>> rankings) {
  /** Nothing was measured. */
  public static final Tuned NONE = new Tuned(Map.of());

  public Tuned {
    rankings = Map.copyOf(rankings);
  }

  /**
   * Operation and shapes of a node without fused operations: the part of a node that decides the
   * speed of its kernels.
   */
  public static String key(Value node) {
    var body = node.op().body();
    var key = new StringBuilder(body.label());
    for (int i = 0; i < Math.max(1, body.arity()); i++) {
      var shape = node.in(i).shape();
      key.append('/');
      for (int d = 0; d < shape.rank(); d++) {
        key.append(d == 0 ? "" : "x").append(shape.dim(d));
      }
    }
    if (body instanceof Op.Conv2d c) {
      key.append("/s").append(c.stride());
      key.append("/p").append(c.padBefore()).append('-').append(c.padAfter());
    } else if (body instanceof Op.Attention a) {
      key.append("/h").append(a.heads()).append(a.causal() ? "/causal" : "");
    }
    return key.toString();
  }

  /** Names of candidates for a node, the fastest first; none where nothing was measured. */
  public List<String> of(Value node) {
    return rankings.isEmpty() ? List.of() : rankings.getOrDefault(key(node), List.of());
  }
}
