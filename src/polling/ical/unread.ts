/** What stands in a calendar and cannot be read: says what is wrong, without quoting it. */
export class Unread extends Error {
  override readonly name = 'Unread';
}
