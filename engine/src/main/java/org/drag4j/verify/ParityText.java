package org.drag4j.verify;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.drag4j.device.Backend;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;
import org.drag4j.text.ClipTextModel;
import org.drag4j.text.ClipTokenizer;
import org.drag4j.trace.Trace;
import org.drag4j.weights.Config;
import org.drag4j.weights.ConfigException;
import org.drag4j.weights.ModelFolder;

/** Token ids and the text encoder's states of recorded texts. */
record ParityText(
    ModelFolder model,
    ClipTokenizer tokenizer,
    Backend backend,
    PlanOptions options,
    ParityTolerance tolerance,
    ParityRows rows,
    Trace trace) {
  private static final String IDS = "text.ids";
  private static final String LAST = "text.last_hidden_state";
  private static final String PENULTIMATE = "text.penultimate";
  private static final String POOLED = "text.pooled";

  /** The recorded texts. */
  static List<String> texts(ParityFile file) {
    var json =
        file.metadata("texts")
            .orElseThrow(() -> file.unexpected("metadata", "texts, a list of strings", "none"));
    try {
      return Config.parse(file.fileName(), "{\"texts\":" + json + "}").strings("texts");
    } catch (ConfigException e) {
      throw new ParityException(String.valueOf(e.getMessage()), e);
    }
  }

  void check(ParityFile file, Optional<ParityFile> truth) {
    var texts = texts(file);
    if (texts.isEmpty()) {
      throw file.unexpected("texts", "at least one", "none");
    }
    int length = ClipTokenizer.LENGTH;
    int[] ids = new int[texts.size() * length];
    for (int i = 0; i < texts.size(); i++) {
      System.arraycopy(tokenizer.tokenize(texts.get(i)), 0, ids, i * length, length);
    }
    var shape = Shape.of(texts.size(), length);
    rows.equal(file, IDS, shape, ids);

    try (var part = model.component("text_encoder");
        var weights = backend.weights(part.weights())) {
      var network = ClipTextModel.load(Weights.of(part.weights()), part.config());
      // The recorded ids, so that a fault of the tokenizer shows in one row only.
      if (file.has(IDS) && file.shape(IDS).equals(shape)) {
        int[] recorded = file.ints(IDS);
        int rowsOfTable = network.config().vocabSize();
        if (Arrays.stream(recorded).allMatch(id -> id >= 0 && id < rowsOfTable)) {
          ids = recorded;
        }
      }
      var graph = new Graph(Hook.NONE);
      var states = network.forward(graph.input("ids", shape, DType.I32));
      states.last().output(LAST);
      states.penultimate().output(PENULTIMATE);
      try (var plan = Plan.compile(graph, backend, weights, options)) {
        plan.tensor("ids").write(ids);
        plan.run(trace);
        var full = states.last().shape();
        var last = plan.tensor(LAST).read();
        rows.close(file, LAST, full, last, tolerance.network());
        rows.close(file, PENULTIMATE, full, plan.tensor(PENULTIMATE).read(), tolerance.network());
        var pooled = pooled(ids, last, full);
        rows.close(file, POOLED, Shape.of(full.dim(0), full.dim(2)), pooled, tolerance.network());
        truth.ifPresent(t -> rows.close(t, LAST, full, last, tolerance.network()));
      }
    }
  }

  /** The last hidden state at each text's first end token. */
  private float[] pooled(int[] ids, float[] last, Shape shape) {
    int tokens = shape.dim(1);
    int dim = shape.dim(2);
    var pooled = new float[shape.dim(0) * dim];
    for (int i = 0; i < shape.dim(0); i++) {
      int at = 0;
      while (at < tokens - 1 && ids[i * tokens + at] != tokenizer.endId()) {
        at++;
      }
      System.arraycopy(last, (i * tokens + at) * dim, pooled, i * dim, dim);
    }
    return pooled;
  }
}
