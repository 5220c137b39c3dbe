//! Books: the balance of each client account and of each house account.

use crate::domain::accounts::Account;
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountSerial, BookId, CurrencySerial};
use crate::domain::ledger::House;
use crate::domain::money::Amount;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};

/// A book, as far as posting needs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Book {
    pub id: BookId,
    pub balance: Amount,
}

/// The scope of a book: entries stay within one ledger and never mix demo and live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BookOwner {
    pub ledger: i64,
    pub currency: CurrencySerial,
    pub is_demo: bool,
}

impl BookOwner {
    pub fn of(account: &Account) -> BookOwner {
        BookOwner { ledger: account.standing.ledger, currency: account.standing.currency, is_demo: account.is_demo }
    }
}

impl ReadTx<'_> {
    /// The number of the reserve, what it stands for, and what the house account has; none until it has a number.
    pub fn reserve_account(&self, house: House) -> Result<Option<(AccountSerial, BookOwner, Amount)>, StoreError> {
        self.find(sql!("books/reserve_account"), [house.name()], |row| {
            let owner = BookOwner {
                ledger: row.get("ledger_id")?,
                currency: CurrencySerial(row.get("currency_id")?),
                is_demo: row.get("demo")?,
            };
            Ok((AccountSerial(row.get("serial")?), owner, Amount::from_minor(row.get("balance_minor")?)))
        })
    }
}

impl WriteTx<'_> {
    pub fn add_reserve_account(&self, serial: AccountSerial, owner: BookOwner) -> Result<(), StoreError> {
        let sql = "INSERT INTO reserve_accounts (serial, ledger_id, currency_id, demo) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, (serial.0, owner.ledger, owner.currency.0, owner.is_demo)).map(|_| ())
    }

    pub fn book_owner(&self, book: BookId) -> Result<BookOwner, StoreError> {
        self.one("SELECT ledger_id, currency_id, demo FROM books WHERE id = ?1", [book.0], |row| {
            Ok(BookOwner {
                ledger: row.get("ledger_id")?,
                currency: CurrencySerial(row.get("currency_id")?),
                is_demo: row.get("demo")?,
            })
        })
    }

    /// The house account of a book; none for a client's book.
    pub fn house_of_book(&self, book: BookId) -> Result<Option<House>, StoreError> {
        let role: String = self.one("SELECT role FROM books WHERE id = ?1", [book.0], |row| row.get(0))?;
        Ok(House::parse(&role))
    }

    /// The book of a house account, created on first use.
    pub fn house_book(&self, owner: BookOwner, house: House) -> Result<Book, StoreError> {
        let key = (owner.ledger, owner.currency.0, owner.is_demo, house.name());
        let found = self.find(sql!("books/house"), key, |row| {
            Ok(Book { id: BookId(row.get("id")?), balance: Amount::from_minor(row.get("balance_minor")?) })
        })?;
        match found {
            Some(book) => Ok(book),
            None => Ok(Book { id: BookId(self.insert(sql!("books/insert"), key)?), balance: Amount::ZERO }),
        }
    }

    pub fn add_client_book(&self, owner: BookOwner) -> Result<BookId, StoreError> {
        let key = (owner.ledger, owner.currency.0, owner.is_demo, "client");
        Ok(BookId(self.insert(sql!("books/insert"), key)?))
    }

    /// Sets the balance of a book and adds `credit` to the net sum of its CREDIT entries.
    pub fn set_balance(&self, book: BookId, balance: Amount, credit: Amount, now: Moment) -> Result<(), StoreError> {
        self.run(sql!("books/set_balance"), (book.0, balance.minor(), credit.minor()))?;
        // The postings are the history of the balance itself.
        if credit.is_zero() { Ok(()) } else { self.record_figures(book, now) }
    }
}
