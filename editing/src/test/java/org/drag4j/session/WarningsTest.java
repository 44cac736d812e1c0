package org.drag4j.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.drag4j.document.MaskSource;
import org.drag4j.method.Documents;
import org.drag4j.picture.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What of an edit has no effect is said before the work. */
class WarningsTest {
  private static final String DRAGS =
      """
      {"format": "drag-edit/2", "image": {"file": "a"}, "method": {"steps": 4}, "drags": [
        {"name": "ear", "handle": {"rectangle": [16, 16, 31, 31]},
         "target": {"rectangle": [64, 16, 31, 31]}}]}\
      """;

  private static final String ARROWS =
      """
      {"format": "drag-edit/2", "image": {"file": "a"}, "method": {"steps": 4}, "drags": [
        {"handle": {"rectangle": [16, 16, 31, 31]}, "mapping": "points",
         "points": [{"from": [30, 30], "to": [50, 30]}, {"from": [32, 32], "to": [52, 34]}]}]}\
      """;

  private static List<String> warnings(String document, String... settings) {
    var edit =
        CheckedEdit.of(
            Documents.set(
                Documents.parse("a", document.getBytes(StandardCharsets.UTF_8)),
                "--set",
                List.of(settings),
                MaskSource.NONE),
            Picture.of(128, 128, new byte[128 * 128 * 3]));
    return edit.warnings(edit.tasks(128, 8));
  }

  @Test
  void whatFitsIsSilent() {
    assertEquals(List.of(), warnings(DRAGS));
    assertEquals(List.of(), warnings(ARROWS));
    assertEquals(List.of(), warnings(DRAGS, "mask.rectangle=[16,16,79,31]"));
    assertEquals(List.of(), warnings(DRAGS, "mask.rectangle=[-9,-9,999,999]"));
    // The target alone: what is copied stays where it was, too.
    assertEquals(List.of(), warnings(DRAGS, "mask.rectangle=[64,16,31,31]"));
    assertEquals(List.of(), warnings(DRAGS, "mask.rectangle=[64,16,16,31]"));
    assertEquals(List.of(), warnings(DRAGS, "method.name=sdedrag"));
    assertEquals(List.of(), warnings(DRAGS, "drags[0].target.rectangle[0]=120"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mask.polygon=[[0,0],[128,0],[128,12],[12,12],[12,50],[128,50],[128,128],[0,128]] | mask:"
            + " leaves out the target of ear, so nothing arrives there; is it inverted? what is"
            + " set may change",
        "mask.rectangle=[16,16,31,31] | mask: leaves out the target of ear, so nothing arrives"
            + " there; draw it over handles and targets",
        "mask.rectangle=[100,100,20,20] | mask: leaves out the target of ear, so nothing arrives"
            + " there; draw it over handles and targets",
        "mask.rectangle=[0,16,66,31] | mask: leaves out more than half of the target of ear; draw"
            + " it over handles and targets",
        "mask.rectangle=[66,18,3,3] | mask: lets no latent cell change, so nothing is edited; draw"
            + " it larger, over handles and targets",
        "drags[0].target.rectangle=[16,16,31,31] | ear: no pixel leaves its place, so nothing"
            + " moves; take it elsewhere",
        "method.start=0 | method.start: 0.0 of 4 steps is none, so nothing is denoised; choose more"
            + " steps or a larger part",
        "method.start=0.2 | method.start: 0.2 of 4 steps is none, so nothing is denoised; choose"
            + " more steps or a larger part",
        "method.negativePrompt=a dog | method.negativePrompt: has no effect with a guidance of 1;"
            + " set method.guidance higher",
      })
  void saysWhatHasNoEffect(String setting, String warning) {
    assertEquals(List.of(warning), warnings(DRAGS, setting));
  }

  /** What moves by less than a cell is shifted, unless whole cells alone are moved. */
  @Test
  void saysWhereWholeCellsStay() {
    var near = "drags[0].target.rectangle=[18,17,31,31]";
    assertEquals(List.of(), warnings(DRAGS, near));
    assertEquals(
        List.of(
            "ear: every latent cell stays where it is, so nothing moves; take it at least 8 pixels"
                + " away as the model sees it"),
        warnings(DRAGS, near, "method.pairing=as-released"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "drags[0].points[1].to=[52,130] | drags[0].points[1]: ends outside the picture of 128x128;"
            + " what it carries there is cut off",
        "drags[0].points[1].to=[-1,40] | drags[0].points[1]: ends outside the picture of 128x128;"
            + " what it carries there is cut off",
        "drags[0].points[1].from=[60,32] | drags[0].points[1]: starts beside the handle, so it has"
            + " no effect; start it inside",
        "mask.rectangle=[80,80,40,40] | mask: leaves out the target of drags[0], so nothing arrives"
            + " there; draw it over handles and targets",
      })
  void saysWhichArrowsHaveNone(String setting, String warning) {
    assertEquals(List.of(warning), warnings(ARROWS, setting));
  }

  private static final String MOVE =
      """
      {"format": "drag-edit/2", "image": {"file": "a"}, "method": {"steps": 4}, "drags": [
        {"name": "ear", "handle": {"rectangle": [16, 16, 31, 31]}, "move": {"by": [40, 0]}}]}\
      """;

  @Test
  void movesThatHaveNoEffect() {
    String turn = "drags[0].move={\"rotate\": 90}";
    String still =
        "every latent cell stays where it is, so nothing moves; take it at least 8 pixels away as"
            + " the model sees it";
    assertEquals(List.of(), warnings(MOVE));
    String pixels = "method.variant=cp-then-encode";
    assertEquals(List.of(), warnings(MOVE, turn, pixels));
    assertEquals(
        List.of(
            "ear: cells are copied as they are, neither turned nor scaled, which tears what they"
                + " show; set method.variant=cp-then-encode"),
        warnings(MOVE, "drags[0].move.scale=1.5"));
    String cells = "method.pairing=as-released";
    String near = "drags[0].move.by=[2, -1]";
    assertEquals(List.of(), warnings(MOVE, near));
    assertEquals(List.of("ear: " + still), warnings(MOVE, near, cells));
    assertEquals(
        List.of("ear: " + still), warnings(MOVE, "drags[0].move={\"rotate\": 1}", pixels, cells));
    assertEquals(
        List.of(
            "mask: leaves out the target of ear, so nothing arrives there; draw it over handles and"
                + " targets"),
        warnings(MOVE, "mask.rectangle=[16,16,31,31]"));
    assertEquals(List.of(), warnings(MOVE, "method.name=sdedrag"));
    assertEquals(
        List.of(
            "arrow 1: " + still,
            "ear: a patch is shifted alone, so rotate and scale have no effect; choose the method"
                + " regiondrag"),
        warnings(MOVE, "method.name=sdedrag", turn));
  }

  /** A method that moves patches speaks of these. */
  @Test
  void patchesThatLeaveThePicture() {
    var far = "drags[0].points=[{\"from\": [30,30], \"to\": [5000,30]}]";
    assertEquals(
        List.of(
            "arrow 1: no part of its patch stays in the picture, so nothing moves",
            "drags[0].points[0]: ends outside the picture of 128x128; what it carries there is cut"
                + " off"),
        warnings(ARROWS, "method.name=sdedrag", far));
    assertEquals(
        List.of(
            "mask: leaves out the target of arrow 1, arrow 2, so nothing arrives there; draw it"
                + " over handles and targets"),
        warnings(ARROWS, "method.name=sdedrag", "mask.rectangle=[100,100,24,24]"));
  }
}
