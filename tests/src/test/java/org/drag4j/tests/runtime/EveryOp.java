package org.drag4j.tests.runtime;

import java.util.Map;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.graph.Op;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tests.conformance.CaseGraph;

/** A small network in which every operation occurs, with the plan of it. */
record EveryOp(CaseGraph built, DeviceWeights weights, Plan plan) implements AutoCloseable {
  static EveryOp compile(Backend backend, PlanOptions options) {
    var built = build();
    var weights = backend.weights(built.weights());
    var plan = Plan.compile(built.graph(), backend, weights, options);
    write(plan, built.inputs());
    return new EveryOp(built, weights, plan);
  }

  private static CaseGraph build() {
    var g = new CaseGraph(7, DType.F16);
    var x = g.input("x", 2, 9, 9, 24);
    var t = g.input("t", g.uniform(0, 999), 2);
    var ids = g.ids("ids", 50, 2, 11);
    var temb = g.linear(g.node(new Op.TimestepEmbedding(32, true, 0), t), 48, true).silu();
    temb = g.linear(temb, 40, true).reshape(2, 1, 1, 40);
    var h = g.conv2d(g.groupNorm(x, 6, 1e-5f).silu(), 40, 3).plus(temb);
    h = g.conv2d(g.groupNorm(h, 5, 1e-5f).silu(), 40, 3).plus(g.conv2d(x, 40, 1));
    var skip = h;
    h = g.conv2d(h, 40, 3, 2, 0, 1, true); // [2, 4, 4, 40]
    var tokens = h.reshape(2, 16, 40);
    var n = g.layerNorm(tokens, 1e-5f);
    var attended =
        g.attention(
            g.linear(n, 40, false), g.linear(n, 40, false), g.linear(n, 40, false), 2, false);
    tokens = tokens.plus(g.linear(attended, 40, true));
    var table = g.table("token.weight", g.normal(0, 1), 50, 36);
    var position = g.table("position.weight", g.normal(0, 1), 11, 36);
    var context = g.node(new Op.Embedding(), ids, table).plus(position);
    var c = g.layerNorm(context, 1e-5f);
    c = g.attention(c, c, c, 3, true).plus(g.linear(c, 36, true).quickGelu()).output("context");
    var k = g.linear(c, 40, false);
    var v = g.linear(c, 40, false);
    tokens = tokens.plus(g.attention(g.linear(tokens, 40, false), k, v, 2, false));
    tokens = tokens.plus(g.linear(g.linear(tokens, 160, true).geglu(), 40, true));
    h = tokens.reshape(2, 4, 4, 40).upsample(9, 9).concat(skip).gelu();
    h.times(g.input("gain", 1)).plus(h).output("y");
    return g;
  }

  /** Sets a plan's inputs. */
  static void write(Plan plan, Map<String, double[]> inputs) {
    inputs.forEach((name, values) -> {
      var to = plan.tensor(name);
      if (to.dtype() == DType.I32) {
        var x = new int[values.length];
        for (int i = 0; i < x.length; i++) {
          x[i] = (int) values[i];
        }
        to.write(x);
      } else {
        var x = new float[values.length];
        for (int i = 0; i < x.length; i++) {
          x[i] = (float) values[i];
        }
        to.write(x);
      }
    });
  }

  @Override
  public void close() {
    plan.close();
    weights.close();
  }
}
