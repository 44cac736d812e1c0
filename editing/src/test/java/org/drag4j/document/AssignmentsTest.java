package org.drag4j.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Optional;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.method.Documents;
import org.drag4j.method.RegionDrag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AssignmentsTest {
  private static EditDocument document() {
    return Documents.of(
        new EditDocument.Image("a.png", Optional.empty()),
        "a cat",
        List.of(Drag.region(new Area.Rectangle(1, 2, 30, 40), new Area.Rectangle(5, 6, 30, 40))));
  }

  private static EditDocument with(String... assignments) {
    return Documents.set(document(), "--set", List.of(assignments), MaskSource.NONE);
  }

  @Test
  void valuesGoWhereTheyBelong() {
    assertEquals(document(), with());
    var changed =
        with(
            "method.steps=30",
            "method.variant=cp-then-encode",
            "seed=7",
            "prompt=a dog, 3 years old",
            "drags[0].mapping=perspective",
            "drags[0].target.rectangle[2]=31.5",
            "model.path=models/x",
            "working.size=64");
    var method = assertInstanceOf(RegionDrag.class, changed.method().parameters());
    assertEquals(30, method.steps());
    assertEquals(RegionDrag.Variant.CP_THEN_ENCODE, method.variant());
    assertEquals(7, changed.seed());
    assertEquals("a dog, 3 years old", changed.prompt());
    assertEquals(Drag.Kind.PERSPECTIVE, changed.drags().getFirst().mapping());
    assertEquals(
        new Area.Rectangle(5, 6, 31.5, 40), changed.drags().getFirst().target().orElseThrow());
    assertEquals(Optional.of("models/x"), changed.model());
    assertEquals(Optional.of(64), changed.working().size());
    var region = with("drags[0].handle.polygon=[[0,0],[9,0],[9,9]]", "mask.rectangle=[0,0,9,9]");
    assertInstanceOf(Area.Outline.class, region.drags().getFirst().handle().orElseThrow());
    assertEquals(Optional.of(new Area.Rectangle(0, 0, 9, 9)), region.mask());
    // The last of two wins.
    assertEquals(9, with("seed=8", "seed=9").seed());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "method.stpes=3 | --set: method.stpes: expected one of name, steps,",
        "method.steps=many | --set: method.steps: expected a whole number from 1 to 999, got",
        "method.name=dragon | --set: method.name: expected one of \"regiondrag\",",
        "seed | --set: expected PATH=VALUE, got \"seed\"; write for example method.steps=30",
        "=3 | --set: expected PATH=VALUE, got \"=3\"",
        "drags[1].name=x | --set: drags[1].name: expected an index below 1, got 1",
        "drags[99999999].name=x | --set: drags[99999999].name: expected names and indices like",
        "seed.x=1 | --set: seed.x: expected a path of the document, got a step into a value",
        "method..steps=1 | --set: method..steps: expected names and indices like drags[0].mapping",
        "drags=[] | --set: drags: expected 1 to 1000 of them, got 0; draw one",
        "seed=1 2 | --set: seed: expected a whole number from 0 to 9223372036854775807, got \"1"
            + " 2\"",
        "image.file=../x.png | --set: image.file: expected a relative file name without .."
      })
  void refuses(String assignment, String message) {
    var e = assertThrows(EditDocumentException.class, () -> with(assignment));
    String got = String.valueOf(e.getMessage());
    assertEquals(message, got.substring(0, Math.min(got.length(), message.length())));
  }
}
