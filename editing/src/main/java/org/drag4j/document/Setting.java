package org.drag4j.document;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What {@link Settings} knows of a record's component besides its name and type. Defaults are
 * written as in a document, texts and choices without quotes.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
  /** Of {@link #format1} and {@link #faithful}: no other value than {@link #standard}. */
  String SAME = "\0";

  /** What it does: one sentence, lower case, without a full stop. */
  String help();

  /** The default; empty for an optional component, which is absent by default. */
  String standard() default "";

  /**
   * The default of a {@code drag-edit/1} document, where it differs. It never changes again:
   * documents replay for ever.
   */
  String format1() default SAME;

  /** The first format whose documents can say it; those before have {@link #format1} for ever. */
  Format since() default Format.V1;

  /**
   * The paper's value where {@link #standard} is another: it holds where the component {@code
   * faithful} is true and the document does not say otherwise.
   */
  String faithful() default SAME;

  /** The least number, or the least of both of a range. */
  double least() default 0;

  /** The greatest number, or the greatest of both of a range; of a text its greatest length. */
  double most() default 0;

  /** The pattern that a whole text must match. */
  String pattern() default "";

  /** What a text of that {@link #pattern} is, or what holds besides the range. */
  String form() default "";

  /** What to write in place of a text that does not match. */
  String remedy() default "correct it";

  /** What holds where an optional component is absent. */
  String absent() default "";

  /** Its name in a picture's line of parameters; "" leaves it out. */
  String label() default "";
}
