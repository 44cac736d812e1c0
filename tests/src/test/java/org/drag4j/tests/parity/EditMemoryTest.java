package org.drag4j.tests.parity;

import static org.drag4j.tests.parity.Recordings.SD15;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.Step;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskSource;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.Polygon;
import org.drag4j.method.Documents;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.session.Editor;
import org.drag4j.tests.runtime.MeteredBackend;
import org.drag4j.trace.Trace;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Edits on a device whose memory is limited, and what of them is computed how often. */
class EditMemoryTest {
  private static final int SIZE = 64;

  /** Of SD 1.5's layout with few channels. */
  private static final String FIRST = "down_blocks.0.attentions.0.transformer_blocks.0";

  @TempDir private static Path folder;

  @BeforeAll
  static void prepare() {
    Recordings.copy(SD15, folder, "regiondrag");
  }

  /** How often what was computed. */
  private static final class Counts implements Trace {
    private final Map<String, Integer> calls = new TreeMap<>();

    @Override
    public void begin(Step step) {
      calls.merge(step.node().path(), 1, Integer::sum);
    }

    @Override
    public void end(Step step) {}

    int of(String path) {
      return calls.getOrDefault(path, 0);
    }
  }

  private static Picture picture() {
    byte[] rgb = new byte[SIZE * SIZE * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i * 7 % 251);
    }
    return Picture.of(SIZE, SIZE, rgb);
  }

  private static Area square(double left, double top) {
    return new Area.Outline(
        Polygon.of(
            new double[] {left, top},
            new double[] {left + 16, top},
            new double[] {left + 16, top + 16},
            new double[] {left, top + 16}));
  }

  private static EditDocument document(int steps, boolean batched) {
    var drag = Drag.region(square(16, 24), square(32, 24));
    var image = new EditDocument.Image("test.png", Optional.empty());
    return Documents.set(
        Documents.of(image, "a face", List.of(drag)),
        "test",
        List.of("method.steps=" + steps, "method.start=0.5", "method.batched=" + batched),
        MaskSource.NONE);
  }

  private static Pipeline open(MeteredBackend backend) {
    return Pipeline.open(ModelFolder.open(folder.resolve("model")), backend, Verified.plan(true));
  }

  private static byte[] edit(Pipeline pipeline, EditDocument document) {
    return Editor.edit(document, picture(), pipeline, Progress.NONE).picture().rgb();
  }

  @Test
  void whatTheContextAloneDecidesIsComputedOncePerEdit() {
    try (var backend = new MeteredBackend(Verified.backend());
        var pipeline = open(backend)) {
      for (int edits = 1; edits <= 2; edits++) {
        var counts = new Counts();
        pipeline.trace(counts);
        edit(pipeline, document(8, false));
        // Half of the steps out, as many back.
        assertEquals(8, counts.of(FIRST + ".attn1.to_q"));
        assertEquals(4, counts.of(FIRST + ".attn1.to_k"), "injected on the way back");
        assertEquals(8, counts.of(FIRST + ".attn2.to_q"));
        assertEquals(1, counts.of(FIRST + ".attn2.to_k"));
        assertEquals(1, counts.of(FIRST + ".attn2.to_v"));
      }
    }
  }

  @Test
  void inversionsRunInChunksThatFitTheMemoryThatIsFree() {
    try (var backend = new MeteredBackend(Verified.backend());
        var pipeline = open(backend)) {
      var oneByOne = edit(pipeline, document(10, false));
      var chunks = new TreeMap<Long, Integer>();
      long most = 1L << 40;
      for (long free : new long[] {0, most}) {
        chunks.put(free, captures(backend, pipeline, free, oneByOne));
      }
      assertEquals(5, chunks.get(0L), "one by one");
      assertEquals(1, chunks.get(most), "all at once");
      // What the pipeline leaves alone, and no more than this little model can want.
      long low = 256L << 20;
      long high = low + (64L << 20);
      while (high - low > 1 << 16) {
        long middle = (low + high) / 2;
        int calls = captures(backend, pipeline, middle, oneByOne);
        chunks.put(middle, calls);
        if (calls > 2) {
          low = middle;
        } else {
          high = middle;
        }
      }
      // Five in two calls: three and three, one step done again.
      assertTrue(chunks.containsValue(2), chunks::toString);
      int before = Integer.MAX_VALUE;
      for (int calls : chunks.values()) {
        assertTrue(calls <= before, chunks::toString);
        before = calls;
      }
    }
  }

  /** Calls of the inversion's denoiser; the picture is the one of another chunk to a shade. */
  private static int captures(
      MeteredBackend backend, Pipeline pipeline, long free, byte[] expected) {
    backend.free(free);
    var counts = new Counts();
    pipeline.trace(counts);
    var got = edit(pipeline, document(10, true));
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i] & 255, got[i] & 255, 1);
    }
    return counts.of(FIRST + ".attn1.to_k");
  }

  @Test
  void whereverMemoryRunsOutEverythingIsGivenBackAndASmallerEditRuns() {
    try (var backend = new MeteredBackend(Verified.backend());
        var pipeline = open(backend)) {
      int before = backend.allocations();
      edit(pipeline, document(8, false));
      assertEquals(0, backend.held());
      int allocations = backend.allocations() - before;
      var smaller = edit(pipeline, document(4, false));
      assertTrue(allocations >= 7, "text, encoder, two denoisers, context, bank, decoder");
      for (int nth = 0; nth < allocations; nth++) {
        backend.failAt(nth);
        assertThrows(
            DeviceMemoryException.class,
            () -> edit(pipeline, document(8, false)),
            "allocation " + nth);
        assertEquals(0, backend.held(), "bytes left after allocation " + nth);
        assertArrayEquals(smaller, edit(pipeline, document(4, false)));
      }
    }
  }
}
