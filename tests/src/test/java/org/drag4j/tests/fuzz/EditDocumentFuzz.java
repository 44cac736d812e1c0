package org.drag4j.tests.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskSource;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.Documents;
import org.drag4j.method.Preview;
import org.drag4j.picture.Picture;
import org.drag4j.session.CheckedEdit;

/**
 * Edit documents: refused by their exception, or written and read again without a change, and then
 * previewed or refused.
 */
public final class EditDocumentFuzz {
  private static final int WIDTH = 64;
  private static final int HEIGHT = 48;
  private static final Picture PICTURE = Picture.of(WIDTH, HEIGHT, new byte[WIDTH * HEIGHT * 3]);
  private static final RegionMask MASK = RegionMask.of(WIDTH, HEIGHT, block());
  private static final MaskSource MASKS = _ -> MASK;

  /** Larger working pictures and more drags are allowed, and only slow. */
  private static final int PREVIEWED_SIZE = 256;

  private static final int PREVIEWED_DRAGS = 4;

  private EditDocumentFuzz() {}

  private static byte[] block() {
    byte[] values = new byte[WIDTH * HEIGHT];
    for (int y = 8; y < 24; y++) {
      Arrays.fill(values, y * WIDTH + 16, y * WIDTH + 40, (byte) 1);
    }
    return values;
  }

  /** One input. */
  public static void fuzzerTestOneInput(byte[] data) {
    Invariants.bounded(data.length, () -> check(data));
  }

  private static void check(byte[] data) {
    EditDocument document;
    try {
      document = Documents.parse("a.json", data, MASKS);
    } catch (EditDocumentException e) {
      Invariants.refusal("a.json", e);
      return;
    }
    String json = document.toJson();
    var again = Documents.parse("b.json", json.getBytes(StandardCharsets.UTF_8), MASKS);
    Invariants.same(document, again);
    Invariants.same(json, again.toJson());
    boolean small =
        document.working().size().orElse(0) <= PREVIEWED_SIZE
            && document.drags().size() <= PREVIEWED_DRAGS;
    if (small) {
      try {
        var edit = CheckedEdit.of(document, PICTURE);
        var tasks = edit.tasks(WIDTH, RegionMask.CELL);
        var _ = edit.previews(tasks, Preview.Detail.CELLS);
      } catch (EditDocumentException e) {
        // Its place is a field of the document here.
        Invariants.refusal(e.where(), e);
      }
    }
  }
}
